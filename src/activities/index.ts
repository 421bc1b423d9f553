import { createAdoptedStep } from './adopted-step.js';
import { beating } from './beating.js';
import { createCampaignSteps } from './campaign-steps.js';
import { createCloseCampaign } from './close-campaign.js';
import { createCloseRun } from './close-run.js';
import { createControlRun } from './control-run.js';
import type { ActivityDependencies } from './dependencies.js';
import { createDispatch } from './dispatch.js';
import { createDispatchGiven } from './dispatch-given.js';
import { createScheduleFollowUp } from './follow-up.js';
import { createOpenCampaign } from './open-campaign.js';
import { createOpenRun } from './open-run.js';
import { createWatch } from './watch.js';

/** The activities that wait on the queue of one ledger. */
export function createActivities(dependencies: ActivityDependencies) {
  const { openStep, setWave, nextWave, openSteps, ...overRows } = createCampaignSteps(dependencies);
  const { abandonRun, ...closing } = createCloseRun(dependencies);
  return {
    ...createOpenRun(dependencies),
    ...createDispatch(dependencies),
    ...createDispatchGiven(dependencies),
    ...createWatch(dependencies),
    ...createControlRun(dependencies),
    ...createScheduleFollowUp(dependencies),
    abandonRun,
    ...createOpenCampaign(dependencies),
    ...{ openStep, setWave, nextWave, openSteps },
    ...createAdoptedStep(dependencies),
    // They go over all rows of a run or a wave.
    ...beating({ ...overRows, ...closing, ...createCloseCampaign(dependencies) }),
  };
}

export type Activities = ReturnType<typeof createActivities>;
