// How an attempt of an activity ends when it cannot simply return: later (no event in history, no slot held), or never; and what it waits
// for.
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { clipped } from '../domain/basics/well-formed.js';
import type { Blocked } from '../domain/run/blocked.js';
import { isAccessRefused, type QualysError } from '../qualys/errors.js';

/** A zero delay fails the activity for good, and a shorter one than this only burns attempts. */
const SHORTEST_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 3_600_000;
/** Our own caps may be raised meanwhile, and asking the gate again costs no call. */
export const LONGEST_LIMIT_WAIT_MS = 5 * 60_000;
/** A longer message is refused by the server, and then the activity fails for good. */
const MESSAGE_LENGTH = 500;

/** Something to wait for. `doubt`: only the fate of a lost answer, which need not keep others back. */
export interface Wait {
  waitMs: number;
  blocked?: Blocked;
  doubt?: boolean;
  /** Another execution of its script is being sent (dispatch/script-lines.ts). */
  inLine?: boolean;
}

/** Ends the attempt; the next one starts no earlier than `delayMs` from now. */
export function retryLater(delayMs: number, why: string): ApplicationFailure {
  return ApplicationFailure.create({
    message: clipped(why, MESSAGE_LENGTH),
    type: 'RetryLater',
    nonRetryable: false,
    nextRetryDelay: Math.min(Math.max(Math.ceil(delayMs), SHORTEST_DELAY_MS), LONGEST_DELAY_MS),
    category: ApplicationFailureCategory.BENIGN,
  });
}

/** What the attempt needs is not there yet. The workflow is told why, once; then the attempts go on `waitMs` apart. */
export class NotReady extends Error {
  constructor(
    readonly blocked: Blocked,
    readonly waitMs: number,
  ) {
    super(blocked.why);
  }
}

/** Ends the activity for good; `type` is one of the documented words (docs/requests.md). */
export function nonRetryable(type: string, message: string, ...details: unknown[]): ApplicationFailure {
  return ApplicationFailure.nonRetryable(clipped(message, MESSAGE_LENGTH), type, ...details);
}

/**
 * The contract's failure type for an error of Qualys that waiting does not cure; undefined for those that pass, or that an operator fixes.
 */
export function failureTypeOf(error: QualysError): string | undefined {
  switch (error.kind) {
    case 'authentication':
      return 'AuthenticationFailed';
    case 'permission':
      return 'PermissionDenied';
    case 'not-found':
      // Any other address that is not there, /auth above all, means a wrong QUALYS_URL or a gateway half up.
      return error.facts.endpoint === 'script' ? 'ScriptNotFound' : undefined;
    case 'invalid':
      return 'InvalidRequest';
    case 'limited':
    case 'unavailable':
    case 'protocol':
      return undefined;
  }
}

/** What an operator is told while a run waits because of this error. */
export function blockedBy(error: QualysError): Blocked {
  const kind = error.kind === 'limited' ? 'limit' : isAccessRefused(error) ? 'access' : 'unavailable';
  return { kind, why: clipped(error.message, MESSAGE_LENGTH) };
}

/** How long to wait after this error before trying again; doubling with the attempt where nothing told us. */
export function waitAfter(error: QualysError, attempt: number): number {
  if (error.waitMs !== undefined) return Math.min(error.waitMs, LONGEST_LIMIT_WAIT_MS);
  return Math.min(2_000 * 2 ** Math.min(attempt - 1, 6), 60_000);
}
