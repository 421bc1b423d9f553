import { beforeEach, describe, expect, test } from '@jest/globals';
import { lease, misstate, rewriteRun, throwSwitchByHand } from '../../../../test/support/ledger/damage.js';
import { ledgerOf } from '../../../../test/support/ledger/inspector.js';
import {
  accepted,
  allOf,
  assetIds,
  dump,
  giveScript,
  openRun,
  permitted,
  poll,
  readScript,
  TERMS,
} from '../../../../test/support/ledger/ledger.js';
import { find, letIntervalsEnd, letRequestsEnd, shift } from '../../../../test/support/ledger/scenario.js';
import {
  EXECUTION_EVENTS,
  EXECUTION_STATES,
  type ExecutionEvent,
  type ExecutionState,
  after as stateAfter,
} from '../../../domain/execution/state.js';
import type { PermitInDoubt, PermitTerms } from '../../executions/registry.js';
import type { Ledger } from '../../index.js';
import type { Ledgers } from '../ledgers.js';

const HOUR = 3_600_000;
const oneTo = (size: number) => expect.objectContaining({ state: 'claimed', size, sends: 0, scriptId: '7' });

export function executionsSuite(ledgers: Ledgers): void {
  let ledger: Ledger & { url: string };
  beforeEach(async () => {
    ledger = await ledgers.open();
  });
  const permit = (runId: string, n: number, fence: number, terms: Partial<PermitTerms> = {}) =>
    ledger.executions.permit(runId, n, { fence, terms: { ...TERMS, ...terms } });
  /** The permit in doubt. */
  const inDoubt = async (runId: string, n: number): Promise<PermitInDoubt> => {
    const execution = await ledger.executions.get(runId, n);
    return { sends: execution?.sends ?? 0, overAt: execution?.requestOverAt ?? 0 };
  };
  const state = async (runId: string, n: number) => (await ledger.executions.get(runId, n))?.state;

  describe('a claim', () => {
    test('freezes 25 assets in cohort order under the next number, until none is left', async () => {
      const fence = await openRun(ledger, 'r', assetIds(60));
      expect([
        await ledger.executions.claim('r', fence),
        await ledger.executions.claim('r', fence),
        await ledger.executions.claim('r', fence),
      ]).toEqual([oneTo(25), oneTo(25), oneTo(10)]);
      expect(await ledger.executions.claim('r', fence)).toBeUndefined();
      expect(await ledger.executions.assetsOf('r', 3)).toEqual(assetIds(10, 51));
      expect((await ledger.runs.get('r'))?.claimed).toBe(3);
    });

    test('takes no more than maxInFlight, and again once a slot is free', async () => {
      const fence = await openRun(ledger, 'r', assetIds(60), { maxInFlight: 1 });
      const { n, assetIds: sent } = await accepted(ledger, 'r', fence);
      expect(await ledger.executions.claim('r', fence)).toBeUndefined();
      await ledger.verdicts.record('r', poll(n, allOf(sent, 'running'), { slotFree: true }), { failed: 0, afterMs: 0 });
      expect(await ledger.executions.claim('r', fence)).toEqual(oneTo(25));
    });

    test.each<[string, (fence: number) => Promise<unknown>]>([
      ['with an older fence', () => ledger.runs.takeFence('r')],
      ['while paused', () => ledger.runs.setPaused('r', true)],
      ['once stopped', () => ledger.runs.stop('r', 'stopped', 'budget')],
    ])('takes nothing %s', async (_, change) => {
      const fence = await openRun(ledger, 'r', assetIds(1));
      await change(fence);
      expect(await ledger.executions.claim('r', fence)).toBeUndefined();
      expect(await ledger.executions.claim('unknown', 0)).toBeUndefined();
    });

    test('leaves out what is leased to another run, and takes it when that run lets go', async () => {
      const first = await openRun(ledger, 'a', assetIds(10));
      const second = await openRun(ledger, 'b', assetIds(15, 6));
      await ledger.executions.claim('a', first);
      const claimed = await ledger.executions.claim('b', second);
      expect(await ledger.executions.assetsOf('b', claimed?.executionNo ?? 0)).toEqual(assetIds(10, 11));
      expect(await ledger.executions.claim('b', second)).toBeUndefined();
      await ledger.executions.releaseClaimed('a');
      expect(await ledger.executions.claim('b', second)).toEqual(oneTo(5));
    });

    test('the database itself refuses a second lease of an asset', async () => {
      await openRun(ledger, 'a', ['x']);
      await openRun(ledger, 'b', ['x']);
      await lease(ledger, { runId: 'a' });
      await expect(lease(ledger, { runId: 'b' })).rejects.toThrow(/UNIQUE constraint failed/);
    });

    test('keeps those in flight at what a strict budget has left plus one', async () => {
      const fence = await openRun(ledger, 'r', assetIds(60), { errorBudget: { max: 3, strict: true } });
      const { n, assetIds: sent } = await accepted(ledger, 'r', fence);
      expect(sent).toEqual(assetIds(4));
      expect(await ledger.executions.claim('r', fence)).toBeUndefined();
      await ledger.verdicts.record('r', poll(n, { ...allOf(sent, 'succeeded'), 'asset-0001': 'failed' }), { failed: 0, afterMs: 0 });
      const next = await ledger.executions.claim('r', fence);
      expect(next).toEqual(oneTo(3));
      expect(await ledger.executions.claim('r', fence)).toBeUndefined();
      await permit('r', next?.executionNo ?? 0, fence);
      expect(await ledger.executions.claim('r', fence)).toBeUndefined();
    });
  });

  describe('a permit', () => {
    test('names its assets, starts its window, and is written down as an intent', async () => {
      const fence = await openRun(ledger, 'r', assetIds(2));
      await ledger.executions.claim('r', fence);
      const answer = await permit('r', 1, fence);
      expect(answer).toMatchObject({ kind: 'granted', permit: 1, assetIds: assetIds(2) });
      if (answer.kind !== 'granted') throw new Error('refused');
      expect(answer.sendBy - answer.grantedAt).toBe(5_000);
      expect(await ledger.executions.get('r', 1)).toMatchObject({
        state: 'permitted',
        sends: 1,
        serverAt: TERMS.serverAt,
        resolveAt: answer.grantedAt + 40_000,
        requestOverAt: answer.grantedAt + 40_000,
      });
      expect(await ledgerOf(ledger).columns('sends', ['executionNo', 'permit', 'fence', 'spent', 'answeredAt'])).toEqual([
        { executionNo: 1, permit: 1, fence, spent: 1, answeredAt: null },
      ]);
    });

    test.each<[string, () => Promise<unknown>, object]>([
      ['fence', () => ledger.runs.takeFence('r'), { waitMs: 0, detail: 'a newer attempt has taken over' }],
      ['stopped', () => ledger.runs.stop('r', 'stopped', 'the error budget is spent'), { waitMs: 0, detail: 'the error budget is spent' }],
      ['paused', () => ledger.runs.setPaused('r', true), { waitMs: 1_000, detail: 'the run is paused' }],
      [
        'halted',
        () => throwSwitchByHand(ledger, { halted: 1, haltedWhy: 'outage' }),
        { waitMs: 2_000, detail: 'all executions are halted: outage' },
      ],
      ['state', () => ledger.executions.releaseClaimed('r'), { waitMs: 0, detail: 'execution 1 is released' }],
      ['sends', () => misstate(ledger, { sends: 2 }), { waitMs: 0, detail: 'execution 1 was already sent 2 times' }],
    ])('is refused: %s', async (why, change, refusal) => {
      const fence = await openRun(ledger, 'r', assetIds(2));
      await ledger.executions.claim('r', fence);
      await change();
      const before = await dump(ledger);
      expect(await permit('r', 1, fence)).toEqual({ kind: 'refused', why, ...refusal });
      // But for the reading of the script that it takes when the wait is over, and the leases, which go back meanwhile.
      await rewriteRun(ledger, { scriptNeeded: 0 });
      if (why === 'halted') {
        await lease(ledger);
        await misstate(ledger, { leased: 1 });
      }
      expect(await dump(ledger)).toEqual(before);
    });

    test('is refused for what the ledger does not know', async () => {
      const fence = await openRun(ledger, 'r', assetIds(2));
      expect(await permit('r', 9, fence)).toMatchObject({ why: 'state', detail: 'the ledger does not know execution 9 of r' });
      expect(await permit('other', 1, fence)).toMatchObject({ why: 'state' });
    });

    test('is refused once the run is closed, also for a batch that was frozen before', async () => {
      const fence = await openRun(ledger, 'r', assetIds(2));
      await ledger.executions.claim('r', fence);
      await ledger.verdicts.closeOpen('r', 'interrupted');
      expect(await permit('r', 1, fence)).toMatchObject({ why: 'state', detail: 'execution 1 is released' });
      await ledger.runs.abandon('r');
      expect(await permit('r', 1, fence)).toMatchObject({ why: 'stopped', detail: 'the run is finished' });
    });

    test('is refused by the daily quota until the oldest send is a day old; what was not sent does not count', async () => {
      const from = await ledger.database.now();
      const fence = await openRun(ledger, 'r', assetIds(75));
      await accepted(ledger, 'r', fence);
      const second = await permitted(ledger, 'r', fence);
      await ledger.executions.claim('r', fence);
      await shift(ledger, 'sends', { permittedAt: -23 * HOUR }, { executionNo: 1 });
      await ledger.executions.lost('r', second.n, { permit: second.permit, detail: 'reset', resolveAfterMs: 1 });
      const refusal = await permit('r', 3, fence, { executionsPerDay: 2 });
      expect(refusal).toMatchObject({ why: 'daily-quota', detail: '2 of 2 executions used (rolling 24 h)' });
      if (refusal.kind !== 'refused') throw new Error('granted');
      expect(refusal.waitMs).toBeLessThanOrEqual(HOUR);
      expect(refusal.waitMs).toBeGreaterThanOrEqual(HOUR - ((await ledger.database.now()) - from));
      await shift(ledger, 'sends', { permittedAt: -HOUR }, { executionNo: 1 });
      await readScript(ledger, 'r');
      expect(await permit('r', 3, fence, { executionsPerDay: 2 })).toMatchObject({ kind: 'granted' });
      await ledger.executions.notSent('r', 3, { permit: 1, why: 'not-sent', detail: 'refused' });
      expect(await permit('r', 3, fence, { executionsPerDay: 2 })).toMatchObject({ kind: 'granted', permit: 2 });
    });

    test('waits while another execute of the script is on its way, and not for one that can no longer be, however often it is looked for', async () => {
      const fence = await openRun(ledger, 'r', assetIds(50));
      await permitted(ledger, 'r', fence);
      await ledger.executions.claim('r', fence);
      expect(await permit('r', 2, fence)).toEqual({
        kind: 'refused',
        why: 'serialised',
        waitMs: 50,
        detail: 'another execution of the script is being sent',
      });
      await letRequestsEnd(ledger);
      await ledger.executions.savePolls('r', 1, { polls: '{}', nextPollMs: 60_000, inDoubt: await inDoubt('r', 1) });
      expect(await permit('r', 2, fence)).toMatchObject({ kind: 'granted' });
    });

    test('does not wait for a lost answer, nor for another script', async () => {
      const fence = await openRun(ledger, 'r', assetIds(25));
      const other = await openRun(ledger, 's', assetIds(25, 100));
      await giveScript(ledger, 's', '8');
      const sent = await permitted(ledger, 'r', fence);
      await ledger.executions.claim('s', other);
      expect(await permit('s', 1, other)).toMatchObject({ kind: 'granted' });
      await ledger.executions.lost('r', sent.n, { permit: sent.permit, detail: 'reset', resolveAfterMs: 1_000 });
      const third = await openRun(ledger, 't', assetIds(25, 200));
      await ledger.executions.claim('t', third);
      expect(await permit('t', 1, third)).toMatchObject({ kind: 'granted' });
    });
  });

  describe("the script's interval", () => {
    const refuse = async (fence: number, permitNumber: number) =>
      ledger.executions
        .notSent('r', 1, { permit: permitNumber, why: 'interval', detail: 'ran inside its interval', paced: { reason: 'interval' } })
        .then(() => fence);
    const waited = async () => {
      await letIntervalsEnd(ledger);
      await readScript(ledger, 'r');
    };
    const nextInMs = async () => {
      const [row] = await ledgerOf(ledger).columns('scripts', ['nextExecuteAt']);
      return (row?.nextExecuteAt ?? 0) - (await ledger.database.now());
    };

    test('is learned under new permits, one minute doubling, remembered for the script, and is no send', async () => {
      const fence = await openRun(ledger, 'r', assetIds(50));
      await permitted(ledger, 'r', fence);
      await refuse(fence, 1);
      expect(await ledger.executions.get('r', 1)).toMatchObject({ state: 'claimed', sends: 0, serverAt: undefined });
      const refusal = await permit('r', 1, fence);
      expect(refusal).toMatchObject({ why: 'interval', detail: "the script's execution interval has not passed: ran inside its interval" });
      if (refusal.kind !== 'refused') throw new Error('granted');
      expect(refusal.waitMs).toBeGreaterThan(55_000);
      expect(refusal.waitMs).toBeLessThanOrEqual(60_000);
      await waited();
      expect(await permit('r', 1, fence)).toMatchObject({ kind: 'granted', permit: 2 });
      await refuse(fence, 2);
      expect(await nextInMs()).toBeGreaterThan(115_000);
      await waited();
      await permit('r', 1, fence, { serverAt: TERMS.serverAt + 9_000 });
      expect(await ledger.executions.get('r', 1)).toMatchObject({ serverAt: TERMS.serverAt + 9_000 });
      expect(await ledger.executions.accept('r', 1, { permit: 3, correlationUuid: 'u', serverAt: TERMS.serverAt })).toBe(true);
      expect(await ledgerOf(ledger).columns('scripts', ['intervalMs', 'backoffMs'])).toEqual([{ intervalMs: 120_000, backoffMs: null }]);
      // What worked is tried a quarter shorter.
      expect(await nextInMs()).toBeGreaterThan(85_000);
      await ledger.executions.claim('r', fence);
      expect(await permit('r', 2, fence)).toMatchObject({ why: 'interval' });
    });

    const DAY = { why: 'daily-quota', detail: "Qualys' daily executions are used up: no" };
    const UNEXPLAINED = { why: 'interval', detail: 'Qualys refused the last execution of the script without a reason: no' };

    test.each([
      ['day', {}, DAY, 900_000],
      ['day', { requestedMs: 7_200_000 }, DAY, 7_200_000],
      ['unexplained', {}, UNEXPLAINED, 60_000],
    ] as const)('a refusal for %s, told %j, is no interval: nothing is remembered of it', async (reason, told, shown, waitMs) => {
      const fence = await openRun(ledger, 'r', assetIds(50));
      await permitted(ledger, 'r', fence);
      await ledger.executions.notSent('r', 1, { permit: 1, why: reason, detail: 'no', paced: { reason, ...told } });
      const refusal = await permit('r', 1, fence);
      expect(refusal).toMatchObject({ kind: 'refused', ...shown });
      expect(await nextInMs()).toBeGreaterThan(waitMs - 5_000);
      await waited();
      await permit('r', 1, fence);
      await ledger.executions.accept('r', 1, { permit: 2, correlationUuid: 'u', serverAt: TERMS.serverAt });
      const kept = await ledgerOf(ledger).columns('scripts', ['intervalMs', 'backoffMs', 'refusedFor', 'refusedWords']);
      expect(kept).toEqual([{ intervalMs: null, backoffMs: null, refusedFor: null, refusedWords: null }]);
      expect(await nextInMs()).toBeLessThanOrEqual(0);
    });

    test('a refusal told twice counts once', async () => {
      const fence = await openRun(ledger, 'r', assetIds(25));
      await permitted(ledger, 'r', fence);
      await refuse(fence, 1);
      const before = await dump(ledger);
      expect(await ledger.executions.notSent('r', 1, { permit: 1, why: 'interval', detail: 'again', paced: { reason: 'interval' } })).toBe(
        false,
      );
      expect(await dump(ledger)).toEqual(before);
    });
  });

  describe('the state machine', () => {
    /** Brings execution 1 into a state; 2 of the same run is always claimed beside it. */
    async function bring(to: ExecutionState): Promise<number> {
      const fence = await openRun(ledger, 'r', assetIds(1));
      await ledger.executions.claim('r', fence);
      if (to === 'claimed') return fence;
      if (to === 'released') {
        await ledger.executions.releaseClaimed('r');
        return fence;
      }
      await permit('r', 1, fence);
      await letRequestsEnd(ledger);
      if (to === 'unverified') await ledger.executions.giveUp('r', 1, 'fate-unknown');
      if (to === 'accepted' || to === 'settled')
        await ledger.executions.accept('r', 1, { permit: 1, correlationUuid: 'u', serverAt: TERMS.serverAt });
      if (to === 'settled') await ledger.verdicts.record('r', poll(1, allOf(assetIds(1), 'succeeded')), { failed: 0, afterMs: 0 });
      return fence;
    }
    const apply: Record<ExecutionEvent, (fence: number) => Promise<unknown>> = {
      permit: (fence) => permit('r', 1, fence),
      notSent: () => ledger.executions.notSent('r', 1, { permit: 1, why: 'not-sent', detail: 'no byte left' }),
      accept: () => ledger.executions.accept('r', 1, { permit: 1, correlationUuid: 'new', serverAt: TERMS.serverAt }),
      acceptLate: async () => undefined,
      contradict: async () => undefined,
      abandon: async () => undefined,
      adopt: () => ledger.executions.adopt('r', 1, { correlationUuid: 'found', jobId: 'j', createdAt: TERMS.serverAt }),
      proveNotExecuted: async () => ledger.executions.provedNotExecuted('r', 1, await inDoubt('r', 1)),
      giveUp: () => ledger.executions.giveUp('r', 1, 'fate-unknown'),
      settle: () => ledger.verdicts.record('r', poll(1, allOf(assetIds(1), 'failed')), { failed: 1, afterMs: 0 }),
      release: () => ledger.executions.releaseClaimed('r'),
    };
    // A late word has tests of its own: it comes by the same door as one in time. So have tags that are given up
    // (ledger/conformance/tags.ts).
    const isLate = (from: ExecutionState, event: ExecutionEvent): boolean =>
      event === 'acceptLate' || event === 'contradict' || event === 'abandon' || (event === 'accept' && from === 'unverified');
    const pairs = EXECUTION_STATES.flatMap((from) =>
      (Object.keys(EXECUTION_EVENTS) as ExecutionEvent[]).map((event) => ({ from, event })),
    ).filter(({ from, event }) => !isLate(from, event));

    test.each(pairs)('$event from $from moves as the table says, or changes nothing at all', async ({ from, event }) => {
      const fence = await bring(from);
      expect(await state('r', 1)).toBe(from);
      const before = await dump(ledger);
      await apply[event](fence);
      const to = stateAfter(from, event);
      expect(await state('r', 1)).toBe(to ?? from);
      if (to === undefined) expect(await dump(ledger)).toEqual(before);
    });
  });

  describe('an answer', () => {
    test('that was accepted marks its assets running and gives the deadline', async () => {
      const fence = await openRun(ledger, 'r', assetIds(2), { deadline: '1h' });
      await accepted(ledger, 'r', fence);
      const execution = await ledger.executions.get('r', 1);
      expect(execution).toMatchObject({ state: 'accepted', correlationUuid: 'uuid-r-1', acceptedServerAt: TERMS.serverAt, rowsSeen: 0 });
      expect((execution?.deadlineAt ?? 0) - (execution?.acceptedAt ?? 0)).toBe(HOUR);
      expect((await ledger.reader.assets('r')).items).toEqual(
        assetIds(2).map((assetId) => ({ assetId, outcome: 'running', attempt: 1, correlationUuid: 'uuid-r-1' })),
      );
      expect(await ledger.runs.snapshot('r')).toMatchObject({ accepted: 1, claimed: 1, waiting: 0, counts: { running: 2, targeted: 2 } });
    });

    test('is taken once', async () => {
      const fence = await openRun(ledger, 'r', assetIds(2));
      await accepted(ledger, 'r', fence);
      const before = await dump(ledger);
      expect(await ledger.executions.accept('r', 1, { permit: 1, correlationUuid: 'uuid-r-1', serverAt: 1 })).toBe(false);
      expect(await dump(ledger)).toEqual(before);
    });

    test('of an earlier permit is not taken after another, unless it says that the script ran', async () => {
      const fence = await openRun(ledger, 'r', assetIds(2));
      await permitted(ledger, 'r', fence);
      await letRequestsEnd(ledger);
      expect(await ledger.executions.provedNotExecuted('r', 1, await inDoubt('r', 1))).toBe('may-be-sent');
      expect(await permit('r', 1, fence)).toMatchObject({ kind: 'granted', permit: 2 });
      const before = await dump(ledger);
      expect(await ledger.executions.notSent('r', 1, { permit: 1, why: 'limit', detail: 'late' })).toBe(false);
      await ledger.executions.lost('r', 1, { permit: 1, detail: 'late', resolveAfterMs: 0 });
      expect(await dump(ledger)).toEqual(before);
      expect(await ledger.executions.accept('r', 1, { permit: 1, correlationUuid: 'late', serverAt: 1 })).toBe(true);
      expect(await ledger.executions.get('r', 1)).toMatchObject({ state: 'accepted', correlationUuid: 'late' });
      expect(await ledger.executions.accept('r', 1, { permit: 2, correlationUuid: 'second', serverAt: 1 })).toBe(false);
    });

    test('that was lost is looked for after a while, and a second word about it changes nothing', async () => {
      const fence = await openRun(ledger, 'r', assetIds(2));
      const { permit: number } = await permitted(ledger, 'r', fence);
      const now = await ledger.database.now();
      await ledger.executions.lost('r', 1, { permit: number, detail: 'connection reset', resolveAfterMs: 2_000 });
      const lost = await ledger.executions.get('r', 1);
      expect(lost?.state).toBe('permitted');
      expect((lost?.resolveAt ?? 0) - now).toBeGreaterThanOrEqual(2_000);
      expect(lost?.resolveAt).toBeLessThanOrEqual((await ledger.database.now()) + 2_000);
      const before = await dump(ledger);
      await ledger.executions.lost('r', 1, { permit: number, detail: 'again', resolveAfterMs: 9_000 });
      expect(await dump(ledger)).toEqual(before);
      await ledger.executions.savePolls('r', 1, { polls: '{"count":1}', nextPollMs: 5_000, inDoubt: await inDoubt('r', 1) });
      expect(await ledger.executions.get('r', 1)).toMatchObject({ polls: '{"count":1}', state: 'permitted' });
    });
  });

  describe('a lost answer is resolved', () => {
    test('adopted: the job is watched from then on', async () => {
      const fence = await openRun(ledger, 'r', assetIds(2));
      await permitted(ledger, 'r', fence);
      expect(await ledger.executions.adopt('r', 1, { correlationUuid: 'u', jobId: 'j', createdAt: 123 })).toBe(true);
      expect(await ledger.executions.get('r', 1)).toMatchObject({ state: 'accepted', jobId: 'j', jobCreatedAt: 123, correlationUuid: 'u' });
      expect(await ledgerOf(ledger).columns('sends', ['answer', 'spent'])).toEqual([{ answer: 'adopted', spent: 1 }]);
      expect(await ledger.executions.claimedUuids(['u', 'v'])).toEqual(new Set(['u']));
    });

    test('not adopted when another execution has claimed the job, and nothing changes', async () => {
      const fence = await openRun(ledger, 'r', assetIds(50));
      await accepted(ledger, 'r', fence);
      await permitted(ledger, 'r', fence);
      const before = await dump(ledger);
      expect(await ledger.executions.adopt('r', 2, { correlationUuid: 'uuid-r-1', jobId: 'j', createdAt: 1 })).toBe(false);
      expect(await dump(ledger)).toEqual(before);
    });

    test('proved not executed once: it may be sent once more; twice: never again', async () => {
      const fence = await openRun(ledger, 'r', assetIds(2));
      await permitted(ledger, 'r', fence);
      await letRequestsEnd(ledger);
      expect(await ledger.executions.provedNotExecuted('r', 1, await inDoubt('r', 1))).toBe('may-be-sent');
      expect(await ledger.executions.get('r', 1)).toMatchObject({ state: 'claimed', sends: 1, polls: undefined, resolveAt: undefined });
      await permit('r', 1, fence);
      await letRequestsEnd(ledger);
      expect(await ledger.executions.provedNotExecuted('r', 1, await inDoubt('r', 1))).toBe('unverified');
      expect((await ledger.reader.assets('r')).items).toEqual(
        assetIds(2).map((assetId) => ({ assetId, outcome: 'unverified', reason: 'not-executed-twice', attempt: 1 })),
      );
      expect(await permit('r', 1, fence)).toMatchObject({ why: 'state', detail: 'execution 1 is unverified' });
      expect(await ledger.executions.provedNotExecuted('r', 1, await inDoubt('r', 1))).toBe('moved');
    });

    test('nothing is proved of a request that may still arrive: late evidence is of an earlier one', async () => {
      const fence = await openRun(ledger, 'r', assetIds(2));
      await permitted(ledger, 'r', fence);
      const before = await dump(ledger);
      expect(await ledger.executions.provedNotExecuted('r', 1, await inDoubt('r', 1))).toBe('moved');
      expect(await ledger.executions.provedNotExecuted('r', 99, await inDoubt('r', 1))).toBe('moved');
      expect(await dump(ledger)).toEqual(before);
    });

    test("Qualys' late word that it ran outweighs a proof that it did not, and a fate given up", async () => {
      for (const decide of [
        async () => ledger.executions.provedNotExecuted('r', 1, await inDoubt('r', 1)),
        async () => ledger.executions.giveUp('r', 1, 'fate-unknown'),
      ]) {
        ledger = await ledgers.open();
        const fence = await openRun(ledger, 'r', assetIds(2));
        await permitted(ledger, 'r', fence);
        await letRequestsEnd(ledger);
        await decide();
        expect(await ledger.executions.accept('r', 1, { permit: 1, correlationUuid: 'late', serverAt: 5 })).toBe(true);
        expect(await ledger.executions.get('r', 1)).toMatchObject({ state: 'accepted', correlationUuid: 'late' });
        expect((await ledger.runs.snapshot('r')).counts).toMatchObject({ running: 2, unverified: 0, pending: 0 });
      }
    });

    test("Qualys' late word for a batch whose assets were all put back: its verdicts stand beside those of the further attempts", async () => {
      const fence = await openRun(ledger, 'r', assetIds(2));
      await permitted(ledger, 'r', fence);
      await letRequestsEnd(ledger);
      await ledger.executions.giveUp('r', 1, 'fate-unknown');
      expect(await ledger.verdicts.requeue('r', ['unverified'])).toBe(2);
      const [one, two] = assetIds(2) as [string, string];
      await accepted(ledger, 'r', fence);
      await ledger.verdicts.record('r', poll(2, { [one]: 'failed', [two]: 'succeeded' }), { failed: 0, afterMs: 0 });
      expect(await ledger.executions.accept('r', 1, { permit: 1, correlationUuid: 'late', serverAt: 5 })).toBe(true);
      expect(await ledger.executions.get('r', 1)).toMatchObject({ state: 'accepted', correlationUuid: 'late' });
      expect((await ledger.executions.claimedUuids(['late'])).size).toBe(1);
      expect((await ledger.runs.snapshot('r')).counts).toMatchObject({ succeeded: 1, failed: 1, running: 0 });
      const reading = poll(1, allOf([one, two], 'succeeded'), { number: 9 });
      await ledger.verdicts.record('r', reading, { failed: 1, afterMs: 0 });
      expect((await ledger.reader.assets('r')).items).toMatchObject([
        { assetId: one, outcome: 'failed', attempt: 2, late: 'succeeded' },
        { assetId: two, outcome: 'succeeded', attempt: 2 },
      ]);
      const words = (await ledger.audit.of('r')).filter(({ action }) => action.startsWith('late'));
      expect(words).toMatchObject([
        { action: 'late-answer', detail: expect.stringContaining('Qualys has it as late') },
        { action: 'late-verdict', detail: `execution 1: ${one} succeeded, ${two} succeeded` },
      ]);
      expect(await ledger.executions.get('r', 1)).toMatchObject({ state: 'settled' });
      expect(await ledgerOf(ledger).leased()).toEqual([]);
    });

    test("Qualys' late word does not take the lease from a further attempt, and part of a batch put back does not keep it from the rest", async () => {
      const fence = await openRun(ledger, 'r', assetIds(2));
      await permitted(ledger, 'r', fence);
      await letRequestsEnd(ledger);
      await ledger.executions.giveUp('r', 1, 'fate-unknown');
      const [one] = assetIds(2) as [string, string];
      await find(ledger, { outcome: 'failed', copy: 'over', lease: null }, { assetId: one });
      expect(await ledger.verdicts.requeue('r', ['failed'])).toBe(1);
      await accepted(ledger, 'r', fence);
      expect(await ledger.executions.accept('r', 1, { permit: 1, correlationUuid: 'late', serverAt: 5 })).toBe(true);
      expect(await ledgerOf(ledger).columns('attempts', ['attempt', 'outcome', 'lease'])).toEqual([
        { attempt: 1, outcome: 'failed', lease: null },
        { attempt: 2, outcome: 'running', lease: 1 },
        { attempt: 1, outcome: 'running', lease: 1 },
      ]);
    });

    test("Qualys' late word for a batch of which nothing was left finds its assets again, skipped as they were", async () => {
      const fence = await openRun(ledger, 'r', assetIds(2));
      await permitted(ledger, 'r', fence);
      await letRequestsEnd(ledger);
      await ledger.executions.provedNotExecuted('r', 1, await inDoubt('r', 1));
      const other = await openRun(ledger, 'other', ['900']);
      await accepted(ledger, 'other', other);
      const outOfCohort = assetIds(2).map((assetId) => ({ jobId: 'j', assetId, ended: false }));
      await ledger.verdicts.addOutOfCohort('other', 1, outOfCohort);
      expect(await permit('r', 1, fence)).toMatchObject({ kind: 'refused', why: 'open-copy' });
      expect(await state('r', 1)).toBe('unverified');
      expect((await ledger.runs.snapshot('r')).counts).toMatchObject({ skipped: 2 });
      expect(await ledger.executions.accept('r', 1, { permit: 1, correlationUuid: 'late', serverAt: 5 })).toBe(true);
      expect((await ledger.runs.snapshot('r')).counts).toMatchObject({ running: 2, skipped: 0 });
      await ledger.verdicts.record('r', poll(1, allOf(assetIds(2), 'failed')), { failed: 0, afterMs: 0 });
      expect((await ledger.runs.snapshot('r')).counts).toMatchObject({ failed: 2 });
    });

    test('accepted under the UUID of another execution: it is never sent again', async () => {
      const fence = await openRun(ledger, 'r', assetIds(50));
      await accepted(ledger, 'r', fence);
      await permitted(ledger, 'r', fence);
      expect(await ledger.executions.accept('r', 2, { permit: 1, correlationUuid: 'uuid-r-1', serverAt: 5 })).toBe(false);
      expect(await ledger.executions.get('r', 2)).toMatchObject({ state: 'unverified' });
      expect(await permit('r', 2, fence)).toMatchObject({ kind: 'refused', why: 'state' });
      expect((await ledger.runs.snapshot('r')).counts).toMatchObject({ running: 25, unverified: 25 });
    });

    test('a word for a permit that was never granted changes nothing', async () => {
      const fence = await openRun(ledger, 'r', assetIds(2));
      await ledger.executions.claim('r', fence);
      expect(await ledger.executions.accept('r', 1, { permit: 1, correlationUuid: 'u', serverAt: 5 })).toBe(false);
      expect(await ledger.executions.get('r', 1)).toMatchObject({ state: 'claimed' });
    });

    test.each(['interval', 'unexplained'] as const)(
      'a second send refused for %s puts the proof about the first in doubt (T-01, step 4)',
      async (why) => {
        const fence = await openRun(ledger, 'r', assetIds(2));
        await permitted(ledger, 'r', fence);
        await letRequestsEnd(ledger);
        await ledger.executions.provedNotExecuted('r', 1, await inDoubt('r', 1));
        await permit('r', 1, fence);
        await ledger.executions.notSent('r', 1, { permit: 2, why, detail: 'too soon', paced: { reason: why } });
        expect(await ledger.executions.get('r', 1)).toMatchObject({ state: 'permitted', sends: 2 });
        expect(await ledgerOf(ledger).columns('scripts', ['backoffMs'])).toEqual([{ backoffMs: 60_000 }]);
        await letRequestsEnd(ledger);
        expect(await ledger.executions.provedNotExecuted('r', 1, await inDoubt('r', 1))).toBe('unverified');
      },
    );

    test('what is found of one permit moves no later one', async () => {
      const fence = await openRun(ledger, 'r', assetIds(2));
      await permitted(ledger, 'r', fence);
      await letRequestsEnd(ledger);
      const first = await inDoubt('r', 1);
      await ledger.executions.provedNotExecuted('r', 1, first);
      await permit('r', 1, fence);
      await letRequestsEnd(ledger);
      const before = await dump(ledger);
      expect(await ledger.executions.provedNotExecuted('r', 1, first)).toBe('moved');
      expect(await ledger.executions.giveUp('r', 1, 'fate-unknown', first)).toBe(false);
      expect(await dump(ledger)).toEqual(before);
    });

    test('given up: its assets are unverified and stay leased until the run is closed', async () => {
      const fence = await openRun(ledger, 'a', ['x']);
      await permitted(ledger, 'a', fence);
      expect(await ledger.executions.giveUp('a', 1, 'fate-unknown')).toBe(true);
      const other = await openRun(ledger, 'b', ['x']);
      expect(await ledger.executions.claim('b', other)).toBeUndefined();
      expect(await ledger.executions.inState('a', ['permitted', 'unverified'])).toEqual([]);
      expect(await ledger.runs.snapshot('a')).toMatchObject({ slotsTaken: 0, counts: { unverified: 1 } });
    });
  });

  test('releasing gives every unsent batch back to the queue, and nothing that was sent', async () => {
    const fence = await openRun(ledger, 'r', assetIds(75));
    await accepted(ledger, 'r', fence);
    await ledger.executions.claim('r', fence);
    await ledger.executions.claim('r', fence);
    expect(await ledger.executions.releaseClaimed('r')).toBe(2);
    expect(await ledger.executions.releaseClaimed('r')).toBe(0);
    expect(await ledger.runs.snapshot('r')).toMatchObject({ waiting: 50, claimed: 3, slotsTaken: 1 });
    const again = await ledger.executions.claim('r', fence);
    expect(again?.executionNo).toBe(4);
    expect(await ledger.executions.assetsOf('r', 4)).toEqual(assetIds(25, 26));
    expect((await ledger.executions.inState('r', ['claimed', 'accepted'])).map(({ executionNo }) => executionNo)).toEqual([1, 4]);
  });
}
