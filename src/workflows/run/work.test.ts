import { expect, jest, test } from '@jest/globals';
import { emptyCounts } from '../../domain/run/outcome.js';
import type { RunSnapshot } from '../../domain/run/snapshot.js';
import type { RunActivities } from '../shared/activity-proxies.js';
import type { RunState } from '../shared/state.js';

const waits: { met: () => boolean; limitMs: number | undefined; end: () => void }[] = [];

jest.unstable_mockModule('@temporalio/workflow', () => ({
  ApplicationFailure: class {},
  ActivityFailure: class {},
  TemporalFailure: class {},
  TimeoutFailure: class {},
  CancellationScope: class {
    run<T>(work: () => Promise<T>): Promise<T> {
      return work();
    }
  },
  allHandlersFinished: () => true,
  isCancellation: () => false,
  workflowInfo: () => ({}),
  condition: (met: () => boolean, limitMs?: number) =>
    met() ? Promise.resolve(true) : new Promise<void>((resolve) => waits.push({ met, limitMs, end: resolve })),
}));

const { Work } = await import('./work.js');

const snapshot = (changes: Partial<RunSnapshot>): RunSnapshot => ({
  ...{ counts: emptyCounts(), claimed: 2, permits: 2, unsent: 0, inDoubt: 0, watched: 1, slotsTaken: 1, waiting: 1, outputsOwed: 0 },
  ...{ accepted: 2, callsUsed: 5, at: 1, wakes: 0, breached: false, attempted: true, paused: false, maxInFlight: 1 },
  ...changes,
});

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('a retry that is due while every slot is taken starts no timer: only a free slot can bring more to do', async () => {
  let dispatches = 0;
  const activities = {
    dispatch() {
      dispatches += 1;
      return Promise.resolve({ snapshot: snapshot({ at: 2 }), againMs: 900_000 });
    },
    watch: () => new Promise(() => undefined),
  };
  const state: RunState = { v: 1, phase: 'running', hasFollowUp: false, doneUpdates: [], snapshot: snapshot({ slotsTaken: 0 }) };
  void new Work('r', state, activities as unknown as RunActivities).run(() => false);
  await turn();
  for (const { met, end } of waits.splice(0)) if (met()) end();
  await turn();
  expect([dispatches, waits.map(({ limitMs }) => limitMs)]).toEqual([1, [undefined]]);
});
