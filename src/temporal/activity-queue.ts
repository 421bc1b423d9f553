/** The queue on which the activities of a ledger's runs wait: a worker with another ledger never gets them. */
export function activityQueue(taskQueue: string, ledgerId: string): string {
  return `${taskQueue}-ledger-${ledgerId.slice(0, 8)}`;
}
