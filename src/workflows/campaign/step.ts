import {
  allHandlersFinished,
  CancellationScope,
  CancelledFailure,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { StepKey } from '../../domain/campaign/step.js';
import type { RunReport } from '../../domain/run/outcome.js';
import { handleMessages } from '../run/handlers.js';
import { endCancelled, finishRun, type Living, startRun, workOn } from '../run/life.js';
import type { Work } from '../run/work.js';
import { activitiesOf, identifyLedger } from '../shared/activity-proxies.js';
import { carriedOver, carriedState } from '../shared/carried-state.js';
import { contractFailure, endsByCancel, isContinued } from '../shared/failures.js';
import { firstState, type RunState, takeSnapshot } from '../shared/state.js';
import { campaignChanged, type StepWord, stepReport, wordOf } from './state.js';

interface StepState extends RunState {
  campaignId: string;
  /** What the campaign was told last. */
  reported: string;
}

/**
 * One step of one wave: a run whose cohort its campaign has chosen. Started by `remediationCampaign` only; the ledger refuses a step
 * that belongs to no campaign under way.
 */
export async function campaignStep(key: StepKey, carried?: unknown): Promise<RunReport> {
  const isFirst = !isContinued();
  const state: StepState = isFirst
    ? { ...firstState({}), campaignId: key.campaignId, reported: 'working' }
    : (carriedState(carried) as StepState);
  const runId = workflowInfo().workflowId;
  let work: Work | undefined;
  state.queue ??= (await identifyLedger()).queue;
  const activities = activitiesOf(state.queue);
  const living: Living = { runId, state, activities };
  handleMessages({ runId, state, activities: () => activities, wake: () => work?.wake() });
  setHandler(campaignChanged, async (asked) => {
    if (asked?.again) state.reported = '';
    if (!state.snapshot) return;
    takeSnapshot(state, await activities.runSnapshot({ runId }));
    work?.wake();
  });
  const reporting = startReporting(state);
  try {
    if (isFirst) await open(living, key);
    // Stopped before this history as well, as of one that was reset: what is in flight is watched to its end.
    if ((await workOn(living, (begun) => (work = begun))) === 'interrupted') {
      await reporting.end();
      await continueAsNew<typeof campaignStep>(key, carriedOver(state));
    }
    return await ended(await finishRun(living));
  } catch (error) {
    if (endsByCancel(error)) return await CancellationScope.nonCancellable(async () => ended(await cancelled()));
    throw contractFailure(error) ?? error;
  }

  async function cancelled(): Promise<RunReport> {
    if (state.snapshot) return endCancelled(living, work);
    // Nothing can be ordered of a run that was not opened: what there may be of it in the ledger is closed.
    await activities.closeLostStep({ runId, own: true });
    await reporting.end('finished');
    throw new CancelledFailure('The step was cancelled before it was opened.');
  }

  async function ended(report: RunReport): Promise<RunReport> {
    await reporting.end('finished');
    return report;
  }
}

async function open({ runId, state, activities }: Living, key: StepKey): Promise<void> {
  const { firstExecutionRunId: firstExecutionId, namespace } = workflowInfo();
  for (;;) {
    const opened = await activities.openStep({ ...key, runId, firstExecutionId, namespace, reported: state.blocked });
    state.blocked = opened.kind === 'blocked' ? opened.blocked : undefined;
    if (opened.kind === 'opened') break;
  }
  await startRun({ runId, state, activities });
}

/**
 * Tells the campaign whenever the step's word changes, or what holds it back, or how many verdicts it still waits for when its work is
 * done. A campaign that is gone has nobody to tell.
 */
function startReporting(state: StepState): { end(word?: StepWord): Promise<void> } {
  let isOver = false;
  let sending: Promise<void> = Promise.resolve();
  const { workflowId: runId } = workflowInfo();
  const send = async (word: StepWord): Promise<void> => {
    const blocked = state.blocked ?? state.blind;
    await getExternalWorkflowHandle(state.campaignId)
      .signal(stepReport, { runId, word, ...(blocked ? { blocked } : {}) })
      .catch(() => undefined);
  };
  void CancellationScope.nonCancellable(async () => {
    for (;;) {
      await condition(() => isOver || reportOf(state) !== state.reported);
      if (isOver) return;
      state.reported = reportOf(state);
      sending = send(wordOf(state.snapshot));
      await sending;
    }
  });
  return {
    async end(word) {
      isOver = true;
      await sending;
      if (word) await CancellationScope.nonCancellable(() => send(word));
      await condition(allHandlersFinished);
    },
  };
}

function reportOf({ snapshot, blocked, blind }: StepState): string {
  const word = wordOf(snapshot);
  const wait = blocked ?? blind;
  return [word, ...(wait ? [wait.kind, wait.why] : []), ...(word === 'worked' ? [snapshot?.counts.unreachable] : [])].join(' ');
}
