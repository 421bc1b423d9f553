// What the life of every run is made of, be it a ticket's or a step of a campaign: work, an end, and what a cancel leaves.
import { allHandlersFinished, CancellationScope, condition, workflowInfo } from '@temporalio/workflow';
import type { WatchResult } from '../../activities/polling/watch.js';
import type { RunReport } from '../../domain/run/outcome.js';
import type { RunActivities } from '../shared/activity-proxies.js';
import { isCancelled } from '../shared/failures.js';
import { followUp } from '../shared/follow-up.js';
import { type RunState, takeReport, takeSnapshot } from '../shared/state.js';
import { Work } from './work.js';

/** A new history after this many executions, or this many events, or when the server suggests it. */
const EXECUTIONS_A_HISTORY = 500;
const EVENTS_A_HISTORY = 6_000;
/** How long a cancelled run still collects what is in flight (docs/requests.md). */
const COLLECT_AFTER_CANCEL_MS = 60_000;

export interface Living {
  runId: string;
  state: RunState;
  activities: RunActivities;
}

/** Works until nothing is left to do. `interrupted`: everything is at rest, and the caller has to continue as new. */
export async function workOn({ runId, state, activities }: Living, begun: (work: Work) => void): Promise<'done' | 'interrupted'> {
  const work = new Work(runId, state, activities);
  begun(work);
  const startedWith = work.snapshot.claimed;
  const isFull = (): boolean => {
    const { continueAsNewSuggested, historyLength } = workflowInfo();
    return continueAsNewSuggested || historyLength >= EVENTS_A_HISTORY || work.snapshot.claimed - startedWith >= EXECUTIONS_A_HISTORY;
  };
  if ((await work.run(isFull)) === 'done') return 'done';
  await work.drain();
  await condition(allHandlersFinished);
  return 'interrupted';
}

export async function startRun({ runId, state, activities }: Living): Promise<void> {
  const { snapshot } = await activities.controlRun({ runId, issued: state.issued, command: { kind: 'start' } });
  takeSnapshot(state, snapshot);
  state.phase = 'running';
}

export async function finishRun({ runId, state, activities }: Living): Promise<RunReport> {
  await followUp({ runId, state, activities });
  state.phase = 'closing';
  const report = await CancellationScope.nonCancellable(() =>
    activities.closeRun({ runId, reason: state.snapshot?.stop?.reason ?? 'not-sent', issued: state.issued }),
  );
  takeReport(state, report);
  await condition(allHandlersFinished);
  return report;
}

/** Nothing new is sent; what is in flight is collected for a minute, and is else `unverified`. */
export async function endCancelled({ runId, state, activities }: Living, work: Work | undefined): Promise<RunReport> {
  state.phase = 'closing';
  state.ask = undefined;
  const { snapshot } = await activities.controlRun({
    runId,
    issued: state.issued,
    command: { kind: 'stop', cause: 'cancelled', why: 'cancelled' },
  });
  takeSnapshot(state, snapshot);
  await work?.drain();
  await collectInFlight({ runId, state, activities });
  const report = await activities.closeRun({ runId, reason: 'cancelled', issued: state.issued });
  takeReport(state, report);
  return report;
}

async function collectInFlight({ runId, state, activities }: Living): Promise<void> {
  const endsAt = Date.now() + COLLECT_AFTER_CANCEL_MS;
  // What a cancelled dispatch sent last is known to the ledger only: it is asked at least once.
  let isInFlight = (state.snapshot?.counts.pending ?? 0) + (state.snapshot?.counts.running ?? 0) + (state.snapshot?.outputsOwed ?? 0) > 0;
  try {
    while (isInFlight && Date.now() < endsAt) {
      const reported: { reportedAt: number; reportedWakes: number } = {
        reportedAt: state.snapshot?.at ?? 0,
        reportedWakes: state.snapshot?.wakes ?? 0,
      };
      const seen: WatchResult = await CancellationScope.withTimeout(endsAt - Date.now(), () =>
        activities.watch({ runId, ...reported, issued: state.issued, hurry: true }),
      );
      takeSnapshot(state, seen.snapshot);
      isInFlight = seen.snapshot.watched > 0 || seen.snapshot.outputsOwed > 0;
    }
  } catch (error) {
    if (!isCancelled(error)) throw error;
  }
}
