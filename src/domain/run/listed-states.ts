// States of runs as lists show them, and the words by which they are asked for.

/** What may be asked for, and the states in the list that it stands for. */
export const STATES: Readonly<Record<string, readonly string[]>> = {
  live: ['not opened', 'opening', 'awaiting-approval', 'awaiting-decision', 'running', 'paused', 'blocked'],
  waiting: ['awaiting-approval', 'awaiting-decision', 'paused', 'blocked'],
  ended: ['succeeded', 'partial', 'failed', 'stopped', 'cancelled', 'refused', 'completed', 'terminated', 'timed out'],
  ...Object.fromEntries(
    ['opening', 'awaiting-approval', 'awaiting-decision', 'running', 'paused', 'blocked'].map((word) => [word, [word]]),
  ),
  ...Object.fromEntries(['succeeded', 'partial', 'failed', 'stopped', 'cancelled', 'refused'].map((word) => [word, [word]])),
};
