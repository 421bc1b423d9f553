import { activityQueue } from '../temporal/activity-queue.js';
import type { ActivityDependencies } from './dependencies.js';

/** Tells a run which ledger it belongs to. The only activity on the workflows' own queue. */
export function createIdentifyLedger({ ledger, taskQueue }: Pick<ActivityDependencies, 'ledger' | 'taskQueue'>) {
  return {
    async identifyLedger(): Promise<{ ledgerId: string; queue: string }> {
      return { ledgerId: ledger.id, queue: activityQueue(taskQueue, ledger.id) };
    },
  };
}
