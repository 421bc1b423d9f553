import { ActivityCancellationType, type ActivityInterfaceFor, proxyActivities } from '@temporalio/workflow';
import type { createIdentifyLedger } from '../../activities/identify-ledger.js';
import type { Activities } from '../../activities/index.js';

/** Attempts are unlimited: a failure of a dependency is waited out and shown, it never loses an outcome. */
const RETRY = { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m' } as const;

export const { identifyLedger } = proxyActivities<ReturnType<typeof createIdentifyLedger>>({ startToCloseTimeout: '10s', retry: RETRY });

/** The activities of one ledger's queue: a worker with another ledger never gets them. */
export function activitiesOf(queue: string) {
  // Whatever its documentation says, the SDK's own default is TRY_CANCEL: the run would be closed while a step of it still writes.
  const common = { taskQueue: queue, retry: RETRY, cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED };
  const short = proxyActivities<Activities>({ ...common, startToCloseTimeout: '1m' });
  return {
    controlRun: short.controlRun,
    runSnapshot: short.runSnapshot,
    dispatchIssued: short.dispatchIssued,
    closeRun: proxyActivities<Activities>({ ...common, startToCloseTimeout: '15m', heartbeatTimeout: '15s' }).closeRun,
    abandonRun: short.abandonRun,
    registerRun: short.registerRun,
    // Walking a large cohort takes long.
    openRun: proxyActivities<Activities>({ ...common, startToCloseTimeout: '2h', heartbeatTimeout: '15s' }).openRun,
    openCampaign: proxyActivities<Activities>({ ...common, startToCloseTimeout: '4h', heartbeatTimeout: '15s' }).openCampaign,
    openStep: proxyActivities<Activities>({ ...common, startToCloseTimeout: '2h', heartbeatTimeout: '15s' }).openStep,
    registerCampaign: short.registerCampaign,
    recheckPlan: short.recheckPlan,
    setWave: short.setWave,
    nextWave: short.nextWave,
    openSteps: short.openSteps,
    pollStep: short.pollStep,
    closeLostStep: short.closeLostStep,
    // They take over the rows of a wave, which may be a million.
    judgeWave: proxyActivities<Activities>({ ...common, startToCloseTimeout: '15m', heartbeatTimeout: '15s' }).judgeWave,
    takeOver: proxyActivities<Activities>({ ...common, startToCloseTimeout: '30m', heartbeatTimeout: '15s' }).takeOver,
    closeWave: proxyActivities<Activities>({ ...common, startToCloseTimeout: '15m', heartbeatTimeout: '15s' }).closeWave,
    stopSteps: proxyActivities<Activities>({ ...common, startToCloseTimeout: '15m', heartbeatTimeout: '15s' }).stopSteps,
    closeCampaign: proxyActivities<Activities>({ ...common, startToCloseTimeout: '30m', heartbeatTimeout: '15s' }).closeCampaign,
    scheduleFollowUp: proxyActivities<Activities>({ ...common, startToCloseTimeout: '10m' }).scheduleFollowUp,
    // Once a permit is taken the request is on its way whatever the workflow wants: its end is waited for.
    dispatch: proxyActivities<Activities>({ ...common, startToCloseTimeout: '5m', heartbeatTimeout: '15s' }).dispatch,
    watch: proxyActivities<Activities>({
      ...common,
      startToCloseTimeout: '30m',
      heartbeatTimeout: '15s',
      cancellationType: ActivityCancellationType.TRY_CANCEL,
    }).watch,
  } satisfies Partial<ActivityInterfaceFor<Activities>>;
}

export type RunActivities = ReturnType<typeof activitiesOf>;
