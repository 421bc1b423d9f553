// Every field of a request, of a plan and of what operators may adjust is either part of what is approved, or in a list that says why it
// need not be. The fields are read from the schemas, so that a new one fails here until somebody has decided.
import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { useLedgers } from '../../../test/support/ledger/ledger.js';
import { AdjustmentSchema } from '../../contracts/messages.js';
import { CampaignPlanSchema, parsePlan } from '../../contracts/plan.js';
import { defaultPolicy, PolicySchema } from '../../contracts/policy.js';
import { parseRequest, RemediationRequestSchema } from '../../contracts/request.js';
import { frozenRun, overridesOf, planDigest } from '../../domain/run/plan-digest.js';
import type { Ledger } from '../../ledger/index.js';
import { digestOf, sha256 } from '../../ledger/policy/approved-plan.js';
import type { ActivityDependencies } from '../dependencies.js';
import { resolveTargets } from '../opening/resolve-targets.js';
import { frozenPlan } from './open.js';
import { campaignRequest } from './step-request.js';

const ledgers = useLedgers();

type Json = { properties?: Record<string, Json>; items?: Json; anyOf?: Json[]; oneOf?: Json[]; additionalProperties?: Json | boolean };

/** The paths of all values that hold no other, lists as their elements. */
function fieldsOf(schema: Json, path = ''): string[] {
  const parts = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].flatMap((branch) => fieldsOf(branch, path).filter((at) => at !== path));
  for (const [key, part] of Object.entries(schema.properties ?? {})) parts.push(...fieldsOf(part, path ? `${path}.${key}` : key));
  if (schema.items) parts.push(...fieldsOf(schema.items, `${path}[]`).map((at) => (at === `${path}[]` ? path : at)));
  if (typeof schema.additionalProperties === 'object') parts.push(...fieldsOf(schema.additionalProperties, `${path}{}`));
  return parts.length === 0 ? [path] : [...new Set(parts)].sort();
}

const fieldsOfSchema = (schema: z.ZodType): string[] =>
  fieldsOf(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as unknown as Json);

type Input = Record<string, unknown>;
/** Two requests, or plans, that differ in this field alone. */
type Pair = [Input, Input];

const schedule = (more: Input): Input => ({
  followUp: { kind: 'schedule', on: 'always', scheduleType: 'DAILY', endDate: '2031-01-01', ...more },
});
const recheck = (more: Input): Input => ({ followUp: { kind: 'recheck', on: 'always', after: '1h', ...more } });
const budget = (more: Input): Input => ({ errorBudget: { max: 1, ...more } });
const ticket = (more: Input): Input => ({ ticket: { system: 'jira', id: 'A-1', ...more } });
const verdict = (more: Input): Input => ({ verdict: { encoding: 'ibm866', ...more } });
const rule = (more: Input): Input => verdict({ output: [{ pattern: 'a', is: 'failed', ...more }] });
const targets = (more: Input): Input => ({ targets: { assetIds: [1, 2], ...more } });

const VERDICT: Record<string, Pair> = {
  'verdict.output[].pattern': [rule({}), rule({ pattern: 'b' })],
  'verdict.output[].is': [rule({}), rule({ is: 'skipped' })],
  'verdict.exitCodes{}': [verdict({ exitCodes: { '1': 'failed' } }), verdict({ exitCodes: { '2': 'failed' } })],
  'verdict.encoding': [verdict({}), verdict({ encoding: 'cp866' })],
  'verdict.preset': [verdict({}), verdict({ preset: 'finding-by-code' })],
};

/** What a run and a campaign have in common. */
const COMMON: Record<string, Pair> = {
  maxAssets: [{ maxAssets: 10 }, { maxAssets: 11 }],
  reason: [{}, { reason: 'because' }],
  requestedBy: [{}, { requestedBy: 'kim' }],
  'ticket.hook': [ticket({}), ticket({ hook: 'snow' })],
  'ticket.system': [ticket({}), ticket({ system: 'servicenow' })],
  'ticket.id': [ticket({}), ticket({ id: 'A-2' })],
  'ticket.url': [ticket({}), ticket({ url: 'https://example.test/A-1' })],
  'waitFor.easm': [{ waitFor: { easm: true } }, { waitFor: { easm: 3 } }],
  'waitFor.timeout': [{ waitFor: { easm: true } }, { waitFor: { easm: true, timeout: '1h' } }],
  strategy: [{ strategy: 'assets' }, { strategy: 'tags' }],
  maxInFlight: [{}, { maxInFlight: 5 }],
  'poll.interval': [{}, { poll: { interval: '1m' } }],
  deadline: [{}, { deadline: '1h' }],
  output: [{}, { output: 'none' }],
  'retry.failed': [{}, { retry: { failed: 1 } }],
  'retry.after': [{ retry: { failed: 1 } }, { retry: { failed: 1, after: '1m' } }],
  'unreachable.wait': [{}, { unreachable: { wait: '1h' } }],
  'errorBudget.max': [budget({}), budget({ max: 2 })],
  'errorBudget.counts': [budget({}), budget({ counts: ['failed'] })],
  'errorBudget.minimum': [budget({}), budget({ minimum: 3 })],
  'errorBudget.strict': [budget({}), budget({ strict: true })],
  ...VERDICT,
  'followUp.kind': [recheck({}), schedule({ after: '1h' })],
  'followUp.on': [recheck({}), recheck({ on: 'unresolved' })],
  'followUp.script': [recheck({}), recheck({ script: 9 })],
  'followUp.after': [recheck({}), recheck({ after: '2h' })],
  'followUp.title': [schedule({}), schedule({ title: 'Nightly' })],
  'followUp.scheduleType': [
    schedule({ scheduleType: 'HOURLY', hourlyInterval: 2 }),
    schedule({ scheduleType: 'WEEKLY', daysOfWeek: ['MON'] }),
  ],
  'followUp.startDate': [schedule({ startDate: '2030-01-01' }), schedule({ startDate: '2030-01-02' })],
  'followUp.startTime': [schedule({ startDate: '2030-01-01' }), schedule({ startDate: '2030-01-01', startTime: '04:00' })],
  'followUp.endDate': [schedule({ endDate: '2030-02-01' }), schedule({ endDate: '2030-02-02' })],
  'followUp.hourlyInterval': [
    schedule({ scheduleType: 'HOURLY', hourlyInterval: 2 }),
    schedule({ scheduleType: 'HOURLY', hourlyInterval: 3 }),
  ],
  'followUp.daysOfWeek': [
    schedule({ scheduleType: 'WEEKLY', daysOfWeek: ['MON'] }),
    schedule({ scheduleType: 'WEEKLY', daysOfWeek: ['TUE'] }),
  ],
  'followUp.recurrenceDate': [
    schedule({ scheduleType: 'MONTHLY', recurrenceDate: 1, recurrenceMonth: 1 }),
    schedule({ scheduleType: 'MONTHLY', recurrenceDate: 2, recurrenceMonth: 1 }),
  ],
  'followUp.recurrenceMonth': [
    schedule({ scheduleType: 'MONTHLY', recurrenceDate: 1, recurrenceMonth: 1 }),
    schedule({ scheduleType: 'MONTHLY', recurrenceDate: 1, recurrenceMonth: 2 }),
  ],
  'targets.assetIds': [targets({}), targets({ assetIds: [1, 3] })],
  'targets.excludedAssetIds': [targets({}), targets({ excludedAssetIds: [2] })],
  'targets.everything': [targets({}), targets({ everything: true })],
  'targets.despiteOpenCopies': [targets({}), targets({ despiteOpenCopies: true })],
};

const REQUEST: Record<string, Pair> = {
  ...COMMON,
  script: [{ script: 7 }, { script: 'Patch' }],
  scriptSha256: [{}, { scriptSha256: 'a'.repeat(64) }],
};

const SHA = 'a'.repeat(64);
const steps = (more: Input): Input => ({ steps: { remediate: 7, verify: 8, rollback: 9, assess: 6, ...more } });
const wave = (more: Input): Input => ({ waves: [{ name: 'first', ...more }, { name: 'rest' }] });
const approval = (more: Input): Input => ({ approval: { quorum: 1, ...more } });
const window = (more: Input): Input => ({ windows: [{ days: ['sat'], from: '22:00', to: '04:00', timezone: 'UTC', ...more }] });
const blackout = (more: Input): Input => ({ blackouts: [{ from: '2030-01-01', to: '2030-01-02', ...more }] });

const under = (at: 'first' | 'plan', pairs: Record<string, Pair>): Record<string, Pair> =>
  Object.fromEntries(
    Object.entries(pairs).map(([path, [one, other]]) =>
      at === 'plan' ? [path, [one, other]] : [`waves[].${path}`, [wave({ size: 1, ...one }), wave({ size: 1, ...other })]],
    ),
  );

/** Of the plan, and of each of its waves. */
const GATE: Record<string, Pair> = {
  soak: [{}, { soak: '1h' }],
  inconclusive: [{}, { inconclusive: '10%' }],
  'errorBudget.max': [budget({}), budget({ max: 2 })],
  'errorBudget.counts': [budget({}), budget({ counts: ['failed'] })],
  'errorBudget.minimum': [budget({}), budget({ minimum: 3 })],
  'errorBudget.strict': [budget({}), budget({ strict: true })],
  'approval.quorum': [approval({}), approval({ quorum: 2 })],
  'approval.expires': [approval({}), approval({ expires: '1d' })],
  'approval.approvers': [approval({}), approval({ approvers: ['ann'] })],
  'approval.allowRequester': [approval({}), approval({ allowRequester: true })],
};

const PLAN: Record<string, Pair> = {
  ...COMMON,
  ...under('plan', GATE),
  ...under('first', GATE),
  name: [{}, { name: 'other' }],
  seed: [{}, { seed: 'other' }],
  scriptSha256: [{}, { scriptSha256: SHA }],
  onBreach: [steps({}), { ...steps({}), onBreach: 'rollback' }],
  conflict: [{}, { conflict: 'skip' }],
  ...Object.fromEntries(
    ['assess', 'remediate', 'verify', 'rollback'].flatMap((step): [string, Pair][] => [
      [`steps.${step}.script`, [steps({}), steps({ [step]: { script: 70 } })]],
      [`steps.${step}.sha256`, [steps({ [step]: { script: 70 } }), steps({ [step]: { script: 70, sha256: SHA } })]],
      ...Object.entries(VERDICT).map(([path, [one, other]]): [string, Pair] => [
        `steps.${step}.${path}`,
        [steps({ [step]: { script: 70, ...one } }), steps({ [step]: { script: 70, ...other } })],
      ]),
    ]),
  ),
  ...Object.fromEntries(
    ['remediate', 'verify', 'rollback'].flatMap((step): [string, Pair][] => {
      const after = (value: unknown): Input => steps({ [step]: { script: 70, after: value } });
      return [
        [`steps.${step}.after.checkIn`, [after('1h'), after({ checkIn: true, within: '1h' })]],
        [`steps.${step}.after.within`, [after({ checkIn: true, within: '1h' }), after({ checkIn: true, within: '2h' })]],
      ];
    }),
  ),
  'waves[].name': [wave({ size: 1 }), wave({ size: 1, name: 'canary' })],
  'waves[].size': [wave({ size: 1 }), wave({ size: 2 })],
  'waves[].tag': [wave({ tag: 4 }), wave({ tag: 5 })],
  'windows[].days': [window({}), window({ days: ['sun'] })],
  'windows[].from': [window({}), window({ from: '23:00' })],
  'windows[].to': [window({}), window({ to: '05:00' })],
  'windows[].timezone': [window({}), window({ timezone: 'Europe/Berlin' })],
  'blackouts[].from': [blackout({}), blackout({ from: '2029-12-31' })],
  'blackouts[].to': [blackout({}), blackout({ to: '2030-01-03' })],
  'blackouts[].timezone': [blackout({}), blackout({ timezone: 'Europe/Berlin' })],
};

const COHORT = 'says which assets, and the digest has these, one by one';
/** Not searched for in the digest, and why. */
const ELSEWHERE: Record<string, string> = {
  'targets.hostnames': COHORT,
  'targets.match': COHORT,
  'targets.assetTagIds': COHORT,
  'targets.query.source': COHORT,
  'targets.query.filter': COHORT,
  'targets.seenWithin': 'only takes assets of the cohort out again, which are skipped for all to see',
};

const FIRST = 'refused: nothing comes before an assessment';
const PLAN_ELSEWHERE = { ...ELSEWHERE, 'steps.assess.after.checkIn': FIRST, 'steps.assess.after.within': FIRST };

const NAMED = { id: '7', title: 'Patch', sha256: 'b'.repeat(64) };

/** As an opening leaves it in the ledger, and as a dry run says it before. */
async function ofRun(ledger: Ledger, input: Input, id: string): Promise<[string | undefined, string]> {
  const parsed = parseRequest({ script: 7, targets: { assetIds: [1, 2] }, ...input });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const { targets: asked, ...request } = parsed.value;
  await ledger.runs.open({ id, firstExecutionId: 'f', namespace: 'default', request });
  await ledger.runs.setScript(id, NAMED);
  const cohort = await resolved(ledger, id, asked);
  const dry = planDigest(frozenRun({ request, script: NAMED, cohort, overrides: overridesOf(asked) }), sha256);
  return [await digestOf(ledger.database, id), dry];
}

async function ofPlan(ledger: Ledger, input: Input, id: string): Promise<[string | undefined, string]> {
  const parsed = parsePlan({ name: 'plan', steps: { remediate: 7 }, targets: { assetIds: [1, 2] }, ...input });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const { targets: asked, ...plan } = parsed.value;
  await ledger.runs.open({ id, firstExecutionId: 'f', namespace: 'default', request: campaignRequest(plan), kind: 'campaign' });
  await ledger.campaigns.register(id, plan);
  const cohort = await resolved(ledger, id, asked);
  const overrides = overridesOf((await ledger.runs.get(id)) ?? {});
  const scripts = { remediate: { ...NAMED, status: 'APPROVED', platform: '' } };
  const frozen = frozenPlan({ plan, scripts, cohort, overrides, waves: [] });
  await ledger.campaigns.freeze(id, { ...frozen, waves: [] });
  return [await digestOf(ledger.database, id), frozenPlan({ plan, scripts, cohort, overrides: overridesOf(asked), waves: [] }).digest];
}

async function resolved(ledger: Ledger, id: string, asked: Parameters<typeof resolveTargets>[1]['targets']) {
  const opening = await ledger.cohort.begin(id);
  if (!opening || 'frozen' in opening) throw new Error('nothing to open');
  const using = { ledger, qualys: {}, policy: defaultPolicy() } as unknown as ActivityDependencies;
  const script = { platform: '', id: '7' };
  return resolveTargets(using, { runId: id, attempt: opening.attempt, targets: asked, script, onPage: () => undefined });
}

describe.each([
  ['a request', { schema: RemediationRequestSchema, pairs: REQUEST, elsewhere: ELSEWHERE, digestOfInput: ofRun }],
  ['a plan', { schema: CampaignPlanSchema, pairs: PLAN, elsewhere: PLAN_ELSEWHERE, digestOfInput: ofPlan }],
] as const)('of %s', (_, { schema, pairs, elsewhere, digestOfInput }) => {
  test('every field is in the digest, or in a list that says why not', () => {
    const decided = [...Object.keys(pairs), ...Object.keys(elsewhere)].sort();
    expect(fieldsOfSchema(schema).filter((field) => !decided.includes(field))).toEqual([]);
    expect(decided.filter((field) => !fieldsOfSchema(schema).includes(field))).toEqual([]);
  });

  test('the digest changes with each of them, and a dry run foretells it', async () => {
    const ledger = await ledgers.open();
    const unreported: string[] = [];
    const same: string[] = [];
    for (const [field, [one, other]] of Object.entries(pairs)) {
      const [before, foretold] = await digestOfInput(ledger, one, `${field} before`);
      const [after, foretoldAfter] = await digestOfInput(ledger, other, `${field} after`);
      expect([before, after]).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/), expect.stringMatching(/^[0-9a-f]{64}$/)]);
      if (before === after) same.push(field);
      if (before !== foretold || after !== foretoldAfter) unreported.push(field);
    }
    expect({ unreported, same }).toEqual({ unreported: [], same: [] });
  }, 60_000);
});

test('every limit that operators adjust is in the digest', async () => {
  const WHO = ['by', 'reason'];
  const budgets = { errorBudget: { max: 1, counts: ['failed' as const], minimum: 1, strict: true } };
  const changes = { maxInFlight: { maxInFlight: 9 }, deadline: { deadlineMs: 5_000 } };
  const ofBudget = fieldsOfSchema(AdjustmentSchema).filter((field) => field.startsWith('errorBudget.'));
  expect(ofBudget.map((field) => field.slice('errorBudget.'.length)).sort()).toEqual(Object.keys(budgets.errorBudget).sort());
  const others = fieldsOfSchema(AdjustmentSchema).filter((field) => !WHO.includes(field) && !ofBudget.includes(field));
  expect(others).toEqual(Object.keys(changes).sort());
  const digests = new Set<string>();
  for (const change of [{}, budgets, changes.maxInFlight, changes.deadline]) {
    const parsed = parseRequest({ script: 7, targets: { assetIds: [1, 2] } });
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    const { targets: asked, ...request } = parsed.value;
    const ledger = await ledgers.open();
    await ledger.runs.open({ id: 'r', firstExecutionId: 'f', namespace: 'default', request });
    await ledger.runs.setScript('r', NAMED);
    await resolved(ledger, 'r', asked);
    await ledger.runs.adjust('r', change);
    digests.add((await digestOf(ledger.database, 'r')) ?? '');
  }
  expect(digests.size).toBe(4);
});

test('no field of policy is in the digest: each can only hold back what was approved', () => {
  const PACE = 'how fast, not what or how much';
  const FORBIDS = 'asked by every permit of what is newest, and what it once left out stays left out';
  const WHY: Record<string, string> = {
    'approval.aboveAssets': 'whether anybody is asked, when the cohort is frozen',
    'caps.callsPerHour': PACE,
    'caps.executionsPerDay': PACE,
    'caps.concurrency': PACE,
    executeInterval: PACE,
    'scripts.allow': FORBIDS,
    'neverTouch.assetIds': FORBIDS,
    'neverTouch.tags': FORBIDS,
    'neverTouch.hostnames': FORBIDS,
    'neverTouch.unknown': FORBIDS,
  };
  expect(fieldsOfSchema(PolicySchema)).toEqual(Object.keys(WHY).sort());
});
