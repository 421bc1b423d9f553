import type { ActivityDependencies } from './dependencies.js';

/** The queue on which the activities of a ledger's runs wait: a worker with another ledger never gets them. */
export function activityQueue(taskQueue: string, ledgerId: string): string {
  return `${taskQueue}-ledger-${ledgerId.slice(0, 8)}`;
}

/** Tells a run which ledger it belongs to. The only activity on the workflows' own queue. */
export function createIdentifyLedger({ ledger, taskQueue }: Pick<ActivityDependencies, 'ledger' | 'taskQueue'>) {
  return {
    async identifyLedger(): Promise<{ ledgerId: string; queue: string }> {
      return { ledgerId: ledger.id, queue: activityQueue(taskQueue, ledger.id) };
    },
  };
}
