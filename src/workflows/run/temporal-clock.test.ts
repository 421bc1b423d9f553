// What a workflow takes for the time is Temporal's: a server whose clock is set makes it ask sooner or later, and decides nothing else.
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { ApprovalAsk } from '../../domain/run/approval.js';
import { emptyCounts } from '../../domain/run/outcome.js';
import type { RunSnapshot } from '../../domain/run/snapshot.js';
import type { Campaign, CampaignState } from '../campaign/state.js';
import type { RunActivities } from '../shared/activity-proxies.js';
import type { RunState } from '../shared/state.js';

const MINUTE = 60_000;
const waits: { met: () => boolean; limitMs: number | undefined; end: (met: boolean) => void }[] = [];

class Cancelled extends Error {}

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
    static nonCancellable<T>(work: () => Promise<T>): Promise<T> {
      return work();
    }
    /** What still works then is cancelled. */
    static withTimeout<T>(limitMs: number, work: () => Promise<T>): Promise<T> {
      const timedOut = new Promise<never>((_, reject) => waits.push({ met: () => false, limitMs, end: () => reject(new Cancelled()) }));
      return Promise.race([work(), timedOut]);
    }
  },
  ...{ defineSignal: (name: string) => name, defineQuery: (name: string) => name, defineUpdate: (name: string) => name },
  ...{ setHandler: () => undefined, currentUpdateInfo: () => undefined, continueAsNew: () => undefined },
  ...{ CancelledFailure: Cancelled, startChild: async () => ({ result: () => new Promise(() => undefined) }) },
  ...{ getExternalWorkflowHandle: () => ({ signal: async () => undefined }), ParentClosePolicy: {}, WorkflowIdReusePolicy: {} },
  ...{ proxyActivities: () => ({}), ActivityCancellationType: {} },
  allHandlersFinished: () => true,
  isCancellation: (error: unknown) => error instanceof Cancelled,
  workflowInfo: () => ({}),
  condition: (met: () => boolean, limitMs?: number) =>
    met() ? Promise.resolve(true) : new Promise<boolean>((resolve) => waits.push({ met, limitMs, end: resolve })),
}));

const { Work, UNAVAILABLE_MS } = await import('./work.js');
const { approved } = await import('./approval.js');
const { endCancelled } = await import('./life.js');
const { runWave } = await import('../campaign/wave.js');
const { runStep, stopSteps } = await import('../campaign/open-steps.js');

const snapshot = (changes: Partial<RunSnapshot> = {}): RunSnapshot => ({
  ...{ counts: emptyCounts(), claimed: 2, permits: 2, unsent: 1, inDoubt: 0, watched: 0, slotsTaken: 0, waiting: 1, outputsOwed: 0 },
  ...{ accepted: 2, callsUsed: 5, at: 1, wakes: 0, breached: false, attempted: true, paused: false, maxInFlight: 1 },
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
  for (const wait of waits.splice(0)) wait.met() ? wait.end(true) : waits.push(wait);
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
    dispatchIssued: () => Promise.resolve(null),
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

/** A campaign at its first wave, which soaks for an hour, and has a step that is open. What its activities were asked is noted. */
function campaignOf(steps: CampaignState['steps'] = []): { campaign: Campaign; asked: string[]; judges: (verdict: string) => void } {
  const asked: string[] = [];
  let judgedAs = 'go';
  const answers: Record<string, () => unknown> = {
    recheckPlan: () => ({ kind: 'plan', digest: 'd', isApproved: true }),
    judgeWave: () => ({ judgement: { verdict: judgedAs }, counts: { pending: 1 }, found: { spent: 0, unknown: 0 } }),
    nextWave: () => ({ wave: 2, name: 'rest', size: 1 }),
    runSnapshot: () => snapshot(),
    controlRun: () => ({ snapshot: snapshot({ stop: { cause: 'stopped', reason: 'error-budget' } as never }) }),
    stopSteps: () => ({ atRest: false }),
  };
  const called = (name: string) => async () => {
    asked.push(name);
    return answers[name]?.();
  };
  const activities = new Proxy({}, { get: (_, name: string) => called(name) });
  const gates = [{ name: 'canary', soakMs: 60 * MINUTE }];
  const waves = { wave: 1, gates, onBreach: 'abort' as const, steps, digest: 'd', open: {}, waits: {}, stepsSeen: 0 };
  return {
    campaign: { runId: 'c', state: { ...state, ...waves }, activities: activities as RunActivities },
    asked,
    judges: (verdict) => {
      judgedAs = verdict;
    },
  };
}
const CANARY = { wave: 1, name: 'canary', size: 1 };
const timesOf = (asked: string[], name: string): number => asked.filter((each) => each === name).length;

describe('the soak of a wave', () => {
  test.each([
    ['go', true, 'closeWave'],
    ['breach', false, 'controlRun'],
  ])('set forward, ends sooner, and its gate is judged as always: %s', async (verdict, goesOn, last) => {
    const { campaign, asked, judges } = campaignOf();
    const ended = runWave(campaign, CANARY);
    await settled();
    expect([timesOf(asked, 'judgeWave'), waits.map(({ limitMs }) => limitMs)]).toEqual([1, [60 * MINUTE]]);
    now += 10 * MINUTE;
    await settled();
    expect(campaign.state.phase).toBe('soaking');
    judges(verdict);
    now += 50 * MINUTE;
    await fires();
    await ended;
    expect([timesOf(asked, 'judgeWave'), asked.at(-1), asked.includes('closeWave')]).toEqual([2, last, goesOn]);
  });

  test('set back, is judged when its timer fires, and goes on for the rest with one timer', async () => {
    const { campaign, asked } = campaignOf();
    const ended = runWave(campaign, CANARY);
    await settled();
    now += 50 * MINUTE;
    await fires();
    expect([timesOf(asked, 'judgeWave'), campaign.state.phase]).toEqual([2, 'soaking']);
    expect(waits.map(({ limitMs }) => limitMs)).toEqual([10 * MINUTE]);
    now += 10 * MINUTE;
    await fires();
    await ended;
    expect(asked.at(-1)).toBe('closeWave');
  });
});

describe('the minute after a cancel', () => {
  /** What is in flight never ends; Qualys is polled until the minute is over. */
  function cancelled(): { asked: string[]; ended: Promise<unknown>; poll: () => Promise<void> } {
    const asked: string[] = [];
    let seen: (() => void) | undefined;
    state.snapshot = snapshot({ watched: 1, counts: { ...emptyCounts(), pending: 0, running: 2 } });
    const activities = {
      controlRun: async () => ({ snapshot: snapshot(state.snapshot) }),
      watch() {
        asked.push('watch');
        return new Promise((resolve) => {
          seen = () => resolve({ snapshot: snapshot(state.snapshot) });
        });
      },
      async closeRun() {
        asked.push('closeRun');
        return { counts: emptyCounts() };
      },
    };
    const ended = endCancelled({ runId: 'r', state, activities: activities as unknown as RunActivities }, undefined);
    async function poll(): Promise<void> {
      await turn();
      seen?.();
      await turn();
    }
    return { asked, ended, poll };
  }

  test('set forward, ends with the poll that is under way, and the ledger closes what is left', async () => {
    const { asked, ended, poll } = cancelled();
    await turn();
    expect([asked, waits.map(({ limitMs }) => limitMs)]).toEqual([['watch'], [MINUTE]]);
    now += 10 * MINUTE;
    await poll();
    await ended;
    expect(asked).toEqual(['watch', 'closeRun']);
  });

  test('set back, is longer by the step and no more: every poll ends by it', async () => {
    const { asked, ended, poll } = cancelled();
    await turn();
    now -= 10 * MINUTE;
    await poll();
    expect([asked, waits.map(({ limitMs }) => limitMs)]).toEqual([
      ['watch', 'watch'],
      [MINUTE, 11 * MINUTE],
    ]);
    for (const { end } of waits.splice(1)) end(false);
    await ended;
    expect(asked).toEqual(['watch', 'watch', 'closeRun']);
  });
});

describe('polls of the steps of a campaign', () => {
  test.each([
    ['set forward, come half a minute later at most', 10 * MINUTE, 30_000],
    ['set back, come as at the beginning', -10 * MINUTE, 5_000],
  ])('%s', async (_, byMs, expectedMs) => {
    const { campaign, asked } = campaignOf(['remediate']);
    void runStep(campaign, CANARY, 'remediate');
    await settled();
    now += byMs;
    await fires();
    expect([timesOf(asked, 'runSnapshot'), waits.map(({ limitMs }) => limitMs)]).toEqual([2, [expectedMs]]);
    campaign.state.stepsSeen += 1;
    await settled();
    expect(timesOf(asked, 'runSnapshot')).toBe(3);
  });

  test.each([
    [10 * MINUTE, 30_000],
    [-10 * MINUTE, 5_000],
  ])('that were stopped go on until they rest, by a clock that is %i ms off', async (byMs, expectedMs) => {
    const { campaign, asked } = campaignOf();
    void stopSteps(campaign, CANARY);
    await settled();
    now += byMs;
    await fires();
    expect([timesOf(asked, 'stopSteps'), waits.map(({ limitMs }) => limitMs)]).toEqual([2, [expectedMs]]);
  });
});
