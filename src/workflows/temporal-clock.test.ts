// What a workflow takes for the time is Temporal's: a server whose clock is set makes it ask sooner or later, and decides nothing else.
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import type { ApprovalAsk } from '../domain/approval.js';
import { emptyCounts } from '../domain/outcome.js';
import type { RunSnapshot } from '../domain/run-snapshot.js';
import type { RunActivities } from './activity-proxies.js';
import type { RunState } from './run-state.js';

const MINUTE = 60_000;
const waits: { met: () => boolean; limitMs: number | undefined; end: (met: boolean) => void }[] = [];

jest.unstable_mockModule('@temporalio/workflow', () => ({
  ApplicationFailure: { create: (options: object) => Object.assign(new Error('failed'), options) },
  ActivityFailure: class {},
  TemporalFailure: class {},
  TimeoutFailure: class {},
  CancellationScope: class {
    run<T>(work: () => Promise<T>): Promise<T> {
      return work();
    }
    cancel(): void {}
  },
  allHandlersFinished: () => true,
  isCancellation: () => false,
  workflowInfo: () => ({}),
  condition: (met: () => boolean, limitMs?: number) =>
    met() ? Promise.resolve(true) : new Promise<boolean>((resolve) => waits.push({ met, limitMs, end: resolve })),
}));

const { Work, UNAVAILABLE_MS } = await import('./work.js');
const { approved } = await import('./approval.js');

const snapshot = (changes: Partial<RunSnapshot> = {}): RunSnapshot => ({
  ...{ counts: emptyCounts(), claimed: 2, permits: 2, unsent: 1, doubtful: 0, watched: 0, slotsTaken: 0, waiting: 1, outputsOwed: 0 },
  ...{ accepted: 2, callsUsed: 5, at: 1, news: 0, breached: false, attempted: true, paused: false, maxInFlight: 1 },
  ...changes,
});
let state: RunState;
let now: number;
let dispatches: number;

beforeEach(() => {
  waits.length = 0;
  now = 1_700_000_000_000;
  dispatches = 0;
  state = { v: 1, phase: 'running', hasFollowUp: false, doneUpdates: [], snapshot: snapshot() };
  jest.spyOn(Date, 'now').mockImplementation(() => now);
});
afterEach(() => void jest.restoreAllMocks());

const turn = () => new Promise((resolve) => setImmediate(resolve));
async function settled(): Promise<void> {
  await turn();
  for (const { met, end } of waits.splice(0)) met() ? end(true) : waits.push({ met, limitMs: undefined, end });
  await turn();
}
/** Temporal's timer fires. */
async function fires(): Promise<void> {
  for (const { end } of waits.splice(0)) end(false);
  await settled();
}

function work(result: object): Promise<unknown> {
  const activities = {
    dispatch() {
      dispatches += 1;
      return Promise.resolve({ snapshot: snapshot({ ...state.snapshot, at: 1 + dispatches }), ...result });
    },
    watch: () => Promise.resolve({ snapshot: snapshot(state.snapshot) }),
    dispatchGiven: () => Promise.resolve(null),
  };
  return new Work('r', state, activities as unknown as RunActivities).run(() => false);
}

test('set forward, the ledger is asked sooner whether something may be sent', async () => {
  void work({ againMs: 15 * MINUTE });
  await settled();
  expect(dispatches).toBe(1);
  now += 15 * MINUTE;
  await fires();
  expect(dispatches).toBe(2);
});

test('set back, it is asked later, with one timer for the rest and not one after the other', async () => {
  void work({ againMs: MINUTE });
  await settled();
  now -= 10 * MINUTE;
  await fires();
  expect([dispatches, waits.length]).toEqual([1, 1]);
  now += 11 * MINUTE;
  await fires();
  expect(dispatches).toBe(2);
});

test('set forward by an hour, a run fails for want of an answer only where nothing was ever attempted', async () => {
  const blocked = { kind: 'unavailable', why: 'no answer' };
  const attempted = work({ blocked, againMs: MINUTE });
  await settled();
  now += UNAVAILABLE_MS;
  await fires();
  expect(await Promise.race([attempted.catch(() => 'failed'), turn().then(() => 'goes on')])).toBe('goes on');

  state = { ...state, unavailableSince: undefined, snapshot: snapshot({ attempted: false }) };
  const opening = work({ blocked, againMs: MINUTE }).catch(() => 'failed');
  await settled();
  now += UNAVAILABLE_MS;
  await fires();
  expect(await opening).toBe('failed');
});

test.each([
  ['nobody has approved of, nothing is started', [], ['await-approval']],
  ['was approved of in that moment, it is started', ['ann'], ['await-approval', 'start']],
])('set forward, a question expires sooner; what %s', async (_, approvers, carriedOut) => {
  const commands: string[] = [];
  const activities = {
    async controlRun({ command }: { command: { kind: string } }) {
      commands.push(command.kind);
      return { snapshot: snapshot() };
    },
  };
  const rule = { quorum: 1, expiresMs: 60 * MINUTE, allowRequester: true };
  const ask: ApprovalAsk = { digest: 'd', approvals: [], rule };
  const decision = approved({ runId: 'r', state, activities } as never, ask);
  await turn();
  now += 60 * MINUTE;
  if (state.ask) state.ask = { ...state.ask, approvals: approvers };
  for (const { limitMs, end } of waits.splice(0)) {
    expect(limitMs).toBe(60 * MINUTE);
    end(false);
  }
  expect((await decision)?.approvals).toEqual(approvers.length > 0 ? approvers : undefined);
  expect(commands).toEqual(carriedOut);
});
