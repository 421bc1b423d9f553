import { beforeEach, describe, expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { hearingTemporal } from '../../../test/support/hearing-temporal.js';
import { rewriteRun } from '../../../test/support/ledger/damage.js';
import { openRun, useLedgers } from '../../../test/support/ledger/ledger.js';
import { find } from '../../../test/support/ledger/scenario.js';
import { defaultPolicy } from '../../contracts/policy.js';
import type { RemediationRequestInput } from '../../contracts/request.js';
import type { Ledger } from '../../ledger/index.js';
import { QualysError } from '../../qualys/errors.js';
import type { ScheduleAnswer, ScheduleRequest } from '../../qualys/types.js';
import type { ActivityDependencies, TicketApproval } from '../dependencies.js';
import { createScheduleFollowUp, type FollowUpResult } from './create.js';

const ledgers = useLedgers();
let ledger: Ledger;
let scheduled: ScheduleRequest[];
let rechecked: string[][];
let memos: object[];
let pins: (string | undefined)[];
let answers: ScheduleAnswer[];
/** What happens while a schedule is asked for. */
let meanwhile: (() => Promise<void>) | undefined;
/** What Qualys shows of a script's content now. */
let content: { sha256?: string };
beforeEach(async () => {
  ledger = await ledgers.open();
  scheduled = [];
  rechecked = [];
  memos = [];
  pins = [];
  answers = [];
  content = {};
  meanwhile = undefined;
});

type FollowUpInput = NonNullable<RemediationRequestInput['followUp']>;
const SCHEDULE = { kind: 'schedule', on: 'unresolved', scheduleType: 'ONE_TIME' } as const;
const TITLE = 'Overhaul follow-up of r';
const MARKED = /^Overhaul follow-up of r \[[0-9a-f]{16}\]$/;
const ASSETS = ['1', '2', '3'];
const [HASH_A, HASH_B] = ['a'.repeat(64), 'b'.repeat(64)];

/** A run of script 7 whose assets have these outcomes and, unless told otherwise, agents. */
async function finished(
  followUp: FollowUpInput,
  outcomes: readonly string[],
  assets: readonly string[] = ASSETS,
  request: Partial<RemediationRequestInput> = {},
): Promise<void> {
  await openRun(ledger, 'r', assets, { followUp, ...request });
  for (const [index, outcome] of outcomes.entries()) {
    await find(ledger, { outcome, agentUuid: `agent-${index}` }, { seq: index + 1 });
  }
}

/** The scripts that Qualys knows, by what they may be called. */
const SCRIPTS: Readonly<Record<string, { id: string; status: string }>> = {
  '7': { id: '7', status: 'APPROVED' },
  '007': { id: '7', status: 'APPROVED' },
  'Patch, renamed': { id: '7', status: 'APPROVED' },
  '8': { id: '8', status: 'APPROVED' },
  '9': { id: '9', status: 'DRAFT' },
};

function followUp(
  policy: Partial<ActivityDependencies['policy']> = {},
  { askTicket }: Pick<ActivityDependencies, 'askTicket'> = {},
): Promise<FollowUpResult> {
  const qualys = {
    username: 'kim',
    identityHints: () => [],
    async script(name: string) {
      const script = SCRIPTS[name];
      if (!script) throw new QualysError('not-found', `There is no script ${name}.`);
      return { ...script, title: `Script ${script.id}`, platform: '', ...content };
    },
    countSchedules: async () => 0,
    findSchedules: async () => undefined,
    async createSchedule(request: ScheduleRequest) {
      scheduled.push(request);
      await meanwhile?.();
      return answers.shift() ?? { kind: 'created', id: `schedule-${scheduled.length}` };
    },
  };
  const start = async (
    _type: string,
    { args, memo }: { args: { targets: { assetIds: string[] }; scriptSha256?: string }[]; memo: object },
  ) => {
    memos.push(memo);
    pins.push(args[0]?.scriptSha256);
    rechecked.push(args[0]?.targets.assetIds ?? []);
  };
  const dependencies = {
    ...{ ledger, qualys, policy: { ...defaultPolicy(), ...policy }, client: { ...hearingTemporal().client, workflow: { start } } },
    ...{ askTicket, taskQueue: 'q', sender: 'kim at q', schedules: { userId: '7', timezone: 'UTC' } },
  } as unknown as ActivityDependencies;
  return new MockActivityEnvironment().run(createScheduleFollowUp(dependencies).scheduleFollowUp, { runId: 'r' });
}

const assetsOf = () => scheduled.flatMap(({ assets }) => assets.map(({ id }) => id));
const audited = async () => (await ledger.audit.of('r')).map(({ action, detail }) => `${action}: ${detail}`);

describe('a follow-up', () => {
  test.each([
    ['7', ['1']],
    ['007', ['1']],
    ['Patch, renamed', ['1']],
    ['8', ['1', '2', '3']],
  ])('with the script %j is for what may still be running only when that is another script', async (script, expected) => {
    await finished({ ...SCHEDULE, script }, ['failed', 'unverified', 'unreachable']);
    expect(await followUp()).toEqual({});
    expect(assetsOf()).toEqual(expected);
  });

  test('as a recheck compares scripts the same way', async () => {
    await finished({ kind: 'recheck', on: 'unresolved', after: '1s', script: '007' }, ['failed', 'unverified', 'unreachable']);
    await followUp();
    expect(rechecked).toEqual([['1']]);
  });

  test.each([
    ['of the same script', '7', HASH_A],
    ['of another script', '8', HASH_B],
  ])('as a recheck %s keeps the hash that was approved, and what asked for approval', async (_which, script, hash) => {
    await finished({ kind: 'recheck', on: 'unresolved', after: '1s', script }, ['failed'], ASSETS, { scriptSha256: HASH_A });
    const approval = { quorum: 2, approvers: ['ann', 'bob'] };
    await rewriteRun(ledger, {
      approval: JSON.stringify(approval),
      followUpScript: JSON.stringify({ id: '8', title: 'Script 8', sha256: HASH_B }),
    });
    content = { sha256: hash };
    await followUp();
    expect(pins).toEqual([hash]);
    expect(memos).toEqual([{ recheckOf: 'r', approval }]);
  });

  test.each([
    [
      'with another content',
      '8',
      { id: '8', title: 'Look', sha256: HASH_B },
      `Script 8 (Script 8) has the content hash ${HASH_A} instead of ${HASH_B}`,
    ],
    [
      'under a title that means another now',
      '8',
      { id: '9', title: 'Look', sha256: HASH_A },
      'Script 8 (Script 8) is not 9 (Look), the approved follow-up script',
    ],
  ])('of a script of its own %s than was approved is not made', async (_which, script, approved, why) => {
    await finished({ kind: 'recheck', on: 'unresolved', after: '1s', script }, ['failed'], ASSETS, {});
    await rewriteRun(ledger, { followUpScript: JSON.stringify(approved) });
    content = { sha256: HASH_A };
    await followUp();
    expect([rechecked, await audited()]).toEqual([[], [expect.stringContaining(why)]]);
  });

  test.each<[string, string | undefined, string | undefined, string | undefined, string]>([
    ['recorded when the run was opened', undefined, HASH_A, HASH_B, `${HASH_B} instead of ${HASH_A}, it had when the run was opened`],
    ['pinned by the request', HASH_A, HASH_B, HASH_B, `${HASH_B} instead of ${HASH_A}, that the request pins`],
    ['known before, and not shown any more', undefined, HASH_A, undefined, `unknown instead of ${HASH_A}, it had when the run was opened`],
  ])('of a script whose content is not the one %s is not made', async (...[, pinned, recorded, now, why]) => {
    await finished(SCHEDULE, ['failed'], ASSETS, pinned === undefined ? {} : { scriptSha256: pinned });
    await rewriteRun(ledger, { scriptSha256: recorded });
    content = now === undefined ? {} : { sha256: now };
    expect(await followUp()).toEqual({});
    expect([scheduled, await audited()]).toEqual([
      [],
      [`follow-up-refused: Script 7 (Script 7) has the content hash ${why}. It has changed since; nothing is scheduled.`],
    ]);
  });

  test('of a script whose content is the recorded one is made', async () => {
    await finished(SCHEDULE, ['failed']);
    await rewriteRun(ledger, { scriptSha256: HASH_A });
    content = { sha256: HASH_A };
    await followUp();
    expect(assetsOf()).toEqual(['1']);
  });

  test.each([
    ['unknown', {}, 'There is no script unknown.'],
    ['9', {}, 'Script 9 (Script 9) is DRAFT. Only approved scripts may run.'],
    ['8', { scripts: { allow: ['7'] } }, 'Policy does not allow script 8 (Script 8). Allowed: 7.'],
  ])('with the script %s that may not run ends, and the audit log says why', async (script, policy, why) => {
    await finished({ ...SCHEDULE, script }, ['failed']);
    expect(await followUp(policy)).toEqual({});
    expect(await followUp(policy)).toEqual({});
    expect([scheduled, await audited()]).toEqual([[], [`follow-up-refused: ${why}`]]);
  });

  test('whose answer was lost, and whose title the search does not list yet, is not called rejected for being in its own way', async () => {
    await finished(SCHEDULE, ['failed']);
    answers = [
      { kind: 'unknown', message: 'reset' },
      { kind: 'exists', message: 'duplicate title' },
    ];
    expect((await followUp()).blocked?.kind).toBe('unavailable');
    expect(await followUp()).toEqual({});
    expect(await ledger.schedules.of('r')).toEqual([{ title: TITLE, state: 'exists', detail: expect.stringContaining('unverified') }]);
  });

  test("whose title is refused at the first attempt is somebody else's, also when the gateway had to be asked again what it is", async () => {
    await finished(SCHEDULE, ['failed']);
    const taken = { kind: 'exists', message: 'duplicate title' } as const;
    answers = [{ kind: 'refused', waitMs: 1_000, message: 'too many calls' }, taken, taken];
    expect((await followUp()).blocked?.kind).toBe('limit');
    expect(await ledger.schedules.of('r')).toMatchObject([{ title: TITLE, state: 'planned' }]);
    expect(await followUp()).toEqual({});
    expect(await ledger.schedules.of('r')).toMatchObject([
      { title: TITLE, state: 'taken' },
      { title: expect.stringMatching(MARKED), state: 'rejected', detail: `this title and "${TITLE}" both belong to somebody else` },
    ]);
    expect((await ledger.audit.of('r')).map(({ action }) => action)).toEqual(['schedule-retitled', 'schedule-rejected']);
  });

  test.each([
    [403, 'permission'],
    [401, 'credentials'],
  ])('that is answered with %d waits for an operator to fix the %s', async (status) => {
    await finished(SCHEDULE, ['failed']);
    answers = [{ kind: 'rejected', status, message: `HTTP ${status}` }];
    expect((await followUp()).blocked).toEqual({ kind: 'access', why: `HTTP ${status}` });
    expect(await followUp()).toEqual({});
    expect(await ledger.schedules.of('r')).toMatchObject([{ title: TITLE, state: 'created', scheduleId: 'schedule-2' }]);
  });

  test('that another attempt has made meanwhile is not made again under another title', async () => {
    await finished(SCHEDULE, ['failed']);
    answers = [{ kind: 'exists', message: 'duplicate title' }];
    meanwhile = () => ledger.schedules.set('r', { title: TITLE, state: 'created', scheduleId: 'made' });
    await followUp();
    expect(scheduled.map(({ title }) => title)).toEqual([TITLE]);
    expect(await ledger.schedules.of('r')).toEqual([{ title: TITLE, state: 'created', scheduleId: 'made' }]);
  });

  test('that is created stays so, whatever a late attempt says', async () => {
    await finished(SCHEDULE, ['failed']);
    await followUp();
    await ledger.schedules.set('r', { title: TITLE, state: 'exists' });
    expect(await ledger.schedules.of('r')).toEqual([{ title: TITLE, state: 'created', scheduleId: 'schedule-1' }]);
  });

  test('says how many assets it leaves out of schedules, for want of an agent', async () => {
    await finished(SCHEDULE, ['failed', 'failed', 'failed']);
    for (const seq of [2, 3]) await find(ledger, { agentUuid: null }, { seq });
    await followUp();
    expect(assetsOf()).toEqual(['1']);
    expect(await audited()).toEqual(['follow-up-cut: 2 of 3 assets are in no schedule: Qualys shows no agent UUID for them']);
  });

  test('names no asset in a recheck that policy keeps from every script by now', async () => {
    await finished({ kind: 'recheck', on: 'unresolved', after: '1s' }, ['failed', 'failed', 'failed']);
    const neverTouch = { assetIds: ['2'], tags: [], hostnames: [] };
    await ledger.policies.offer({ policy: { ...defaultPolicy(), neverTouch }, isChange: true });
    await followUp();
    expect(rechecked).toEqual([['1', '3']]);
    expect(await audited()).toEqual(['follow-up-cut: 1 of 3 assets are left out: policy excludes them from all scripts']);
  });

  test('says how many assets a recheck leaves out, for want of room', async () => {
    const assets = Array.from({ length: 10_002 }, (_, index) => String(index + 1));
    await finished({ kind: 'recheck', on: 'unresolved', after: '1s' }, [], assets);
    await find(ledger, { outcome: 'failed' });
    await followUp();
    expect(rechecked.map(({ length }) => length)).toEqual([10_000]);
    expect(await audited()).toEqual(['follow-up-cut: 2 of 10002 assets are left out of the recheck: a request names at most 10000']);
  });
});

describe('a halted ledger', () => {
  test('schedules nothing until it is let go', async () => {
    await finished(SCHEDULE, ['failed']);
    await ledger.killSwitch.halt({ by: 'ann', reason: 'wrong script' });
    expect(await followUp()).toMatchObject({ blocked: { kind: 'halted', why: 'all executions are halted: wrong script' } });
    expect(scheduled).toEqual([]);
    await ledger.killSwitch.unhalt({ by: 'ann' });
    await followUp();
    expect(scheduled).toHaveLength(1);
  });
});

describe('what follows from a run that a ticket started', () => {
  const TICKET = { hook: 'snow', system: 'servicenow', id: 'CHG1' };
  const follow = (word: TicketApproval['kind']) =>
    followUp({}, { askTicket: async () => (word === 'gone' || word === 'unreadable' ? { kind: word, why: 'no answer' } : { kind: word }) });

  test.each<[TicketApproval['kind'], number]>([
    ['approved', 1],
    ['not-asked', 1],
    ['not-approved', 0],
  ])('and that has sent nothing: a ticket that is %s leads to %i schedules', async (word, count) => {
    await finished({ ...SCHEDULE, on: 'always' }, ['missing'], ['1'], { ticket: TICKET });
    await follow(word);
    expect(scheduled.length).toBe(count);
  });

  test.each(['gone', 'unreadable'] as const)('waits while the ticket is %s', async (word) => {
    await finished({ ...SCHEDULE, on: 'always' }, ['missing'], ['1'], { ticket: TICKET });
    expect(await follow(word)).toMatchObject({ blocked: { kind: 'ticket' } });
    expect(scheduled).toEqual([]);
  });
});
