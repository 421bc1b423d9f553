/** What a failed read means for the caller. `unavailable` and `limited` pass by waiting; the others do not. */
export type QualysErrorKind = 'authentication' | 'permission' | 'not-found' | 'invalid' | 'limited' | 'unavailable' | 'protocol';

/**
 * Whether the same is tried again: limits and outages pass by waiting, and a login service that is down has refused good credentials
 * before. What is refused or not understood stays so.
 */
export function isTransient(error: unknown): boolean {
  return error instanceof QualysError && (passesByWaiting(error) || error.kind === 'authentication');
}

export function passesByWaiting(error: unknown): boolean {
  return error instanceof QualysError && (error.kind === 'limited' || error.kind === 'unavailable');
}

/** Until an operator acts: another password, a role or a module of the user. */
export function isAccessRefused(error: unknown): boolean {
  return error instanceof QualysError && (error.kind === 'authentication' || error.kind === 'permission');
}

/** A read that failed for good, or for now. The message is redacted, clipped to 500 characters, and fit for an operator. */
export class QualysError extends Error {
  override readonly name = 'QualysError';

  constructor(
    readonly kind: QualysErrorKind,
    message: string,
    readonly facts: { status?: number; endpoint?: string; waitMs?: number; cause?: unknown } = {},
  ) {
    super(message.slice(0, 500), facts.cause === undefined ? undefined : { cause: facts.cause });
  }

  /** Real milliseconds to wait at least, when the answer or the gate said so. */
  get waitMs(): number | undefined {
    return this.facts.waitMs;
  }
}
