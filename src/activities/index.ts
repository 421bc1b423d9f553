import { createAdoptedStep } from './campaign/adopted-step.js';
import { createCloseCampaign } from './campaign/close.js';
import { createOpenCampaign } from './campaign/open.js';
import { createCampaignSteps } from './campaign/steps.js';
import type { ActivityDependencies } from './dependencies.js';
import { createDispatch } from './dispatch/executions.js';
import { createDispatchIssued } from './dispatch/issued.js';
import { createScheduleFollowUp } from './follow-up/create.js';
import { eachWithHeartbeat } from './heartbeat.js';
import { createOpenRun } from './opening/run.js';
import { createWatch } from './polling/watch.js';
import { createCloseRun } from './run/close.js';
import { createControlRun } from './run/control.js';
import { createLookAtTickets } from './tickets/look.js';

/** The activities that wait on the queue of one ledger. */
export function createActivities(dependencies: ActivityDependencies) {
  const { openStep, setWave, nextWave, openSteps, ...overRows } = createCampaignSteps(dependencies);
  const { abandonRun, ...closing } = createCloseRun(dependencies);
  return {
    ...createOpenRun(dependencies),
    ...createDispatch(dependencies),
    ...createDispatchIssued(dependencies),
    ...createWatch(dependencies),
    ...createControlRun(dependencies),
    ...createScheduleFollowUp(dependencies),
    abandonRun,
    ...createOpenCampaign(dependencies),
    ...{ openStep, setWave, nextWave, openSteps },
    ...createAdoptedStep(dependencies),
    ...createLookAtTickets(dependencies),
    // They go over all rows of a run or a wave.
    ...eachWithHeartbeat({ ...overRows, ...closing, ...createCloseCampaign(dependencies) }),
  };
}

export type Activities = ReturnType<typeof createActivities>;
