// The life of one `execute`. Every write of the ledger names the event it stands for, and an event that this table does not
// allow in the stored state changes nothing: that is how an activity that ran twice, or a zombie, stays harmless.

/**
 * - `claimed`: its assets are frozen and leased; nothing is on its way.
 * - `permitted`: an intent is on disk; a request may be on its way, or may have been answered without our knowing.
 * - `accepted`: Qualys answered with a correlation UUID, or the job was adopted; it is watched.
 * - `settled`: nothing more is expected of it.
 * - `unverified`: its fate cannot be established; it is never sent again.
 * - `released`: it was never sent and will not be; its assets went back.
 */
export const EXECUTION_STATES = ['claimed', 'permitted', 'accepted', 'settled', 'unverified', 'released'] as const;
export type ExecutionState = (typeof EXECUTION_STATES)[number];

export const EXECUTION_EVENTS = {
  permit: { from: ['claimed'], to: 'permitted' },
  /** No byte left, or the answer is documented as not executed. */
  notSent: { from: ['permitted'], to: 'claimed' },
  accept: { from: ['permitted'], to: 'accepted' },
  /** Proved by the index: it did not run. Allowed once more. */
  proveNotExecuted: { from: ['permitted'], to: 'claimed' },
  adopt: { from: ['permitted'], to: 'accepted' },
  /** Qualys' own word that it ran, come after the fate was decided otherwise: evidence that nothing outweighs. */
  acceptLate: { from: ['claimed', 'permitted', 'unverified'], to: 'accepted' },
  giveUp: { from: ['permitted'], to: 'unverified' },
  /** Qualys says that it ran, and the ledger holds its job for another execution's: whatever is true, it is not sent again. */
  contradict: { from: ['claimed', 'permitted'], to: 'unverified' },
  /** Sent before and proved not executed, and it cannot be sent again as it was: nothing else is sent in its place. */
  abandon: { from: ['claimed'], to: 'unverified' },
  settle: { from: ['accepted'], to: 'settled' },
  release: { from: ['claimed'], to: 'released' },
} as const satisfies Record<string, { from: readonly ExecutionState[]; to: ExecutionState }>;

export type ExecutionEvent = keyof typeof EXECUTION_EVENTS;

/** The state after `event`, or undefined when the event is not allowed in `state`. */
export function after(state: ExecutionState, event: ExecutionEvent): ExecutionState | undefined {
  const rule: { from: readonly ExecutionState[]; to: ExecutionState } = EXECUTION_EVENTS[event];
  return rule.from.includes(state) ? rule.to : undefined;
}

/** A script is sent at most twice for one execution, and the second time only with proof that the first did not run. */
export const MAX_SENDS = 2;

/** How many assets one `execute` takes (docs/qualys-api.md#execute). */
export const MAX_ASSETS_PER_EXECUTION = 25;
