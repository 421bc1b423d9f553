import { expect, test } from '@jest/globals';
import { z } from 'zod';
import { ConfigFileSchema } from './config/file.js';
import { TicketEventSchema } from './http/webhook.js';
import { AdjustmentSchema, DecisionSchema, RetryOrderSchema, WhoSchema } from './messages.js';
import { CampaignPlanSchema, parsePlan } from './plan.js';
import { type Parsed, parseRequest, problemsOf, RemediationRequestSchema } from './request.js';
import { jsonBytes, LIMITS } from './text.js';

const REQUEST = { script: 1, targets: { assetIds: [1] }, ticket: { system: 'standard', id: 'CHG1' } };
const PLAN = { name: 'p', steps: { remediate: 1 }, targets: { assetIds: [1] } };
const EVENT = { ticket: { id: 'CHG1', generation: 1 } };
const SCHEMAS = {
  request: [RemediationRequestSchema, REQUEST],
  plan: [CampaignPlanSchema, PLAN],
  who: [WhoSchema, { by: 'ann' }],
  decision: [DecisionSchema, { by: 'ann' }],
  retry: [RetryOrderSchema, { by: 'ann' }],
  adjust: [AdjustmentSchema, { by: 'ann', maxInFlight: 2 }],
  event: [TicketEventSchema, EVENT],
  configuration: [ConfigFileSchema, {}],
} satisfies Record<string, [z.ZodType, object]>;
type Of = keyof typeof SCHEMAS;

/** The base input of a schema with one value put in at `a.b.0.c`. */
function withValue(of: Of, path: string, value: unknown): unknown {
  return putIn(SCHEMAS[of][1], path.split('.'), value);
}

function putIn(base: unknown, [key, ...rest]: string[], value: unknown): unknown {
  if (key === undefined) return value;
  if (/^\d+$/.test(key)) return [putIn(undefined, rest, value)];
  const fields = typeof base === 'object' && base !== null ? (base as Record<string, unknown>) : {};
  return { ...fields, [key]: putIn(fields[key], rest, value) };
}

function problemsWith(of: Of, path: string, value: unknown): { path: string; problem: string }[] {
  const result = SCHEMAS[of][0].safeParse(withValue(of, path, value));
  return result.success ? [] : problemsOf(result.error);
}

const shownPath = (path: string): string => path.replaceAll(/\.(\d+)/g, '[$1]');

const TEXTS: [Of, string, number][] = [
  ['request', 'script', LIMITS.title],
  ['request', 'reason', LIMITS.reason],
  ['request', 'requestedBy', LIMITS.person],
  ['request', 'ticket.id', LIMITS.ticketId],
  ['request', 'ticket.url', LIMITS.url],
  ['request', 'ticket.system', LIMITS.name],
  ['request', 'targets.hostnames.0', LIMITS.hostname],
  ['plan', 'name', LIMITS.name],
  ['plan', 'seed', LIMITS.name],
  ['plan', 'reason', LIMITS.reason],
  ['plan', 'requestedBy', LIMITS.person],
  ['plan', 'steps.remediate.script', LIMITS.title],
  ['plan', 'waves.0.name', LIMITS.name],
  ['plan', 'approval.approvers.0', LIMITS.person],
  ['who', 'by', LIMITS.person],
  ['who', 'reason', LIMITS.reason],
  ['decision', 'by', LIMITS.person],
  ['decision', 'reason', LIMITS.reason],
  ['decision', 'digest', LIMITS.name],
  ['retry', 'by', LIMITS.person],
  ['retry', 'reason', LIMITS.reason],
  ['adjust', 'by', LIMITS.person],
  ['adjust', 'reason', LIMITS.reason],
  ['event', 'ticket.id', LIMITS.ticketId],
  ['event', 'ticket.generation', LIMITS.ticketId],
  ['event', 'playbook', LIMITS.name],
  ['event', 'requestedBy', LIMITS.person],
  ['event', 'reason', LIMITS.reason],
  ['configuration', 'policy.neverTouch.hostnames.0', LIMITS.hostname],
  ['configuration', 'policy.neverTouch.tags.0', LIMITS.title],
];

test.each(TEXTS)('%s: %s has a maximum, and is well-formed Unicode', (of, path, limit) => {
  // A link is one whatever its length.
  const filler = path.endsWith('url') ? 'https://example.com/' : '';
  expect(problemsWith(of, path, filler.padEnd(limit, 'x'))).toEqual([]);
  expect(problemsWith(of, path, filler.padEnd(limit + 1, 'x'))).toEqual([
    { path: shownPath(path), problem: `must have at most ${limit.toLocaleString('en-US')} characters` },
  ]);
  for (const broken of ['\ud83d', 'a\udc00b', 'x\0'])
    expect(problemsWith(of, path, filler + broken)).toContainEqual({
      path: shownPath(path),
      problem: 'contains a lone surrogate or NUL: use plain Unicode text',
    });
  expect(problemsWith(of, path, `${filler}👍漢`).filter(({ problem }) => problem.includes('character'))).toEqual([]);
});

const WINDOW = { days: ['SAT'], from: '22:00', to: '06:00', timezone: 'UTC' };
const LISTS: [Of, string, number, (index: number) => unknown][] = [
  ['request', 'targets.assetTagIds', LIMITS.tagIds, (n) => n + 1],
  ['request', 'targets.excludedAssetIds', LIMITS.assetIds, (n) => n + 1],
  ['request', 'errorBudget', 6, () => 'failed'],
  ['plan', 'windows', LIMITS.windows, () => WINDOW],
  ['plan', 'blackouts', LIMITS.windows, () => ({ from: '2026-12-24', to: '2026-12-25' })],
  ['plan', 'approval.approvers', LIMITS.approvers, (n) => `a${n}`],
  ['retry', 'outcomes', 4, () => 'failed'],
  ['event', 'targets.excludedAssetIds', LIMITS.assetIds, (n) => n + 1],
  ['configuration', 'policy.neverTouch.assetIds', LIMITS.assetIds, (n) => n + 1],
  ['configuration', 'policy.scripts.allow', LIMITS.tagIds, (n) => n + 1],
];

test.each(LISTS)('%s: %s has a maximum', (of, path, limit, item) => {
  const given = (length: number): unknown => {
    const items = Array.from({ length }, (_, index) => item(index));
    return path === 'errorBudget' ? { max: 1, counts: items } : items;
  };
  const [at, value] = [path === 'errorBudget' ? 'errorBudget.counts' : path, (length: number) => given(length)];
  const tooMany = `must have at most ${limit.toLocaleString('en-US')} entries`;
  expect(problemsWith(of, path, value(limit)).map(({ problem }) => problem)).not.toContain(tooMany);
  expect(problemsWith(of, path, value(limit + 1))).toContainEqual({ path: at, problem: tooMany });
});

function problems(parsed: Parsed<unknown>): { path: string; problem: string }[] {
  return parsed.ok ? [] : parsed.problems;
}

test('what is too large together names its largest field, and what it may have', () => {
  const windows = Array.from({ length: 366 }, () => WINDOW);
  const [problem] = problems(parsePlan({ ...PLAN, windows }));
  expect(problem?.path).toBe('windows');
  expect(problem?.problem).toMatch(
    /^is the largest part \(\S+ bytes\) of everything except the targets, which have \S+ bytes \(limit 10,000\)/,
  );
  const hostnames = Array.from({ length: 10_000 }, (_, index) => `${index}-${'漢'.repeat(200)}`);
  const [ofTargets] = problems(parseRequest({ ...REQUEST, targets: { hostnames, assetTagIds: [1] } }));
  expect(ofTargets?.path).toBe('targets.hostnames');
  expect(ofTargets?.problem).toContain('select a larger cohort by tag or query');
});

test('ten thousand ids, and as many that are left out, are taken', () => {
  const ids = Array.from({ length: 10_000 }, (_, index) => 9_000_000_000_000_000 + index);
  expect(parseRequest({ ...REQUEST, targets: { assetIds: ids, excludedAssetIds: ids } }).ok).toBe(true);
});

test('a reason of 2 MB is refused in words that do not repeat it, with every other problem', () => {
  const told = problems(
    parseRequest({ ...REQUEST, reason: 'x'.repeat(2_000_000), requestedBy: '\ud800', [`k${'e'.repeat(1_000_000)}y`]: 1 }),
  );
  expect(told.map(({ path }) => path.slice(0, 12)).sort()).toEqual(['keeeeeeeeeee', 'reason', 'requestedBy']);
  expect(jsonBytes(told)).toBeLessThan(2_000);
});

test('what is quoted of a wrong value is short and well-formed', () => {
  const windows = [{ ...WINDOW, timezone: `${'x'.repeat(58)}👍${'y'.repeat(100_000)}`, from: '\ud800'.repeat(50_000) }];
  for (const { path, problem } of problems(parsePlan({ ...PLAN, windows, targets: { assetIds: ['\ud83d'.repeat(90)] }, '\ud800': 1 }))) {
    expect(problem.length).toBeLessThan(500);
    expect((path + problem).isWellFormed()).toBe(true);
  }
});

test('the JSON Schema shows the maxima', () => {
  const request = z.toJSONSchema(RemediationRequestSchema, { io: 'input', unrepresentable: 'any' });
  expect(request).toMatchObject({
    properties: {
      reason: { maxLength: 2_000 },
      requestedBy: { maxLength: 200 },
      targets: {
        properties: {
          assetIds: { maxItems: 10_000 },
          hostnames: { maxItems: 10_000, items: { maxLength: 255 } },
          assetTagIds: { maxItems: 1_000 },
          excludedAssetIds: { maxItems: 10_000 },
          query: { properties: { filter: { maxLength: 20_000 } } },
        },
      },
    },
  });
  const plan = z.toJSONSchema(CampaignPlanSchema, { io: 'input', unrepresentable: 'any' });
  expect(plan).toMatchObject({ properties: { name: { maxLength: 100 }, waves: { maxItems: 100 }, windows: { maxItems: 366 } } });
});
