// What the sweep needs, and how long it waits before it calls a workflow gone.

import type { LookingUpWith } from '../activities/copies/look-up.js';
import type { ActivityDependencies } from '../activities/dependencies.js';
import type { Logger } from '../temporal/logger.js';

export interface SweepTimes {
  everyMs: number;
  /**
   * A run is entered into the ledger moments after its workflow started, and closed moments after it ended: both are left alone so long.
   */
  youngestMs: number;
  /** A Temporal that was just failed over, or restarted, may not know its workflows yet: they are missing when they stay so. */
  missingMs: number;
  /**
   * The namespace has another id than the run's: either this worker was pointed at the wrong Temporal, or the right one's database was
   * thrown away. As long as a worker at the right one sees the workflow, nothing happens; after this long nobody has.
   */
  elsewhereMs: number;
}

export const SWEEP_TIMES: SweepTimes = { everyMs: 60_000, youngestMs: 60_000, missingMs: 15 * 60_000, elsewhereMs: 24 * 3_600_000 };

export interface SweepDependencies extends Pick<ActivityDependencies, 'ledger' | 'client'> {
  /** Asked about copies of closed runs; without it nobody is. */
  qualys?: LookingUpWith['qualys'] | undefined;
  namespace: string;
  logger: Pick<Logger, 'warn'>;
  times?: Partial<SweepTimes>;
}

export function timesOf({ times }: SweepDependencies): SweepTimes {
  return { ...SWEEP_TIMES, ...times };
}
