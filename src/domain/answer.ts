// What an answer of Qualys means: the decision table of the API reference (2.9) as one pure function.
import type { LimitEvidence } from './call-gate.js';

/** `read` repeats freely; all others but `auth` have an effect and are never repeated blindly. */
export type EndpointKind = 'auth' | 'read' | 'execute' | 'schedule' | 'import' | 'clone';
export type LimitSignals = Omit<LimitEvidence, 'refused'>;

export interface AnswerFacts {
  kind: EndpointKind;
  status: number;
  limits: LimitSignals;
  /** The envelope's `errorCode`, when there is one. */
  errorCode?: string | undefined;
  message?: string | undefined;
  /** The answer holds what the endpoint promises: a token, a `correlationUuid`, a list. */
  complete: boolean;
}

export type Verdict =
  | { kind: 'ok' }
  /** The token was refused and the request not processed: take a new one, send the same request once more. */
  | { kind: 'token' }
  /** `/auth` refused the credentials. */
  | { kind: 'authentication' }
  | { kind: 'permission' | 'not-found' | 'invalid' }
  /** The name is taken (409 of import and scheduler). */
  | { kind: 'duplicate' }
  /** The subscription's script quota is used up: waiting cannot help. */
  | { kind: 'quota' }
  /** The script ran within its configured interval; its length is not told. */
  | { kind: 'interval' }
  /** A call limit; not executed. `waitMs` is real time and never shorter than told. */
  | { kind: 'limit'; waitMs: number }
  /** Passes by itself; only reads. */
  | { kind: 'transient'; waitMs?: number }
  /** The answer says something no document has; only `auth` and reads. */
  | { kind: 'protocol' }
  /** An effect whose fate the answer does not tell. */
  | { kind: 'unknown' };

/** Told nothing, wait this long: limit headers may be missing from the first refusal (E-06). */
const UNTOLD_LIMIT_WAIT_MS = 60_000;
/** A concurrency refusal passes when a running call ends (graph-qualys waits 10 s). */
const CONCURRENCY_WAIT_MS = 10_000;
/** The old regime's own words under 409: too many calls at once, and too many in the window (E-06). */
const CONFLICT_LIMIT_CODES: ReadonlySet<string> = new Set(['1960', '1965']);

export function judgeAnswer(facts: AnswerFacts): Verdict {
  const { kind, status } = facts;
  if (status >= 200 && status < 300) return judgeSuccess(facts);
  if (status === 401) return kind === 'auth' ? { kind: 'authentication' } : { kind: 'token' };
  if (status === 403) return { kind: 'permission' };
  if (status === 404) return { kind: 'not-found' };
  if (status === 409) return judgeConflict(facts);
  if (status === 429) return judgeTooMany(facts);
  if (DOCUMENTED_AS_NOT_EXECUTED.has(status)) return { kind: 'invalid' };
  if (isEffect(kind)) return { kind: 'unknown' };
  if (status >= 500 || status === 408 || status === 425) return transient(facts.limits);
  return status >= 400 ? { kind: 'invalid' } : { kind: 'protocol' };
}

const DOCUMENTED_AS_NOT_EXECUTED: ReadonlySet<number> = new Set([400, 405, 413, 415, 422]);

/** The values say that a limit was hit. Their mere presence proves nothing: they are on ordinary answers too (E-04). */
export function hasLimitEvidence(limits: LimitSignals): boolean {
  return (limits.toWaitSec ?? 0) > 0 || (limits.remaining ?? 1) <= 0 || hasConcurrencyEvidence(limits);
}

/** Real milliseconds to wait, never fewer than told. */
export function limitWaitMs(limits: LimitSignals): number {
  if ((limits.toWaitSec ?? 0) > 0) return Math.ceil((limits.toWaitSec ?? 0) * 1_000);
  return hasConcurrencyEvidence(limits) ? CONCURRENCY_WAIT_MS : UNTOLD_LIMIT_WAIT_MS;
}

/** `errorCode` is absent, null, "" or "0" on success. */
export function isSuccessCode(errorCode: string | undefined): boolean {
  return errorCode === undefined || errorCode.trim() === '' || /^0+$/.test(errorCode.trim());
}

function judgeSuccess(facts: AnswerFacts): Verdict {
  const refused = !isSuccessCode(facts.errorCode);
  if (!refused && facts.complete) return { kind: 'ok' };
  if (isEffect(facts.kind)) return { kind: 'unknown' };
  if (facts.kind === 'auth')
    return /authentication_?exceptions|InvalidCredentials/i.test(facts.message ?? '') ? { kind: 'authentication' } : { kind: 'protocol' };
  // A truncated or foreign body under 200 is a gateway hiccup; a well-formed refusal is not, unless it calls itself a server error.
  return refused && !/^5\d\d$/.test(facts.errorCode ?? '') ? { kind: 'protocol' } : transient(facts.limits);
}

function judgeConflict({ kind, limits, message, errorCode }: AnswerFacts): Verdict {
  const named = kind === 'schedule' || kind === 'import';
  // The last call of a window carries `Remaining: 0` whatever it answers, so the documented sentence goes first.
  if (named && /already exist/i.test(message ?? '')) return { kind: 'duplicate' };
  if (hasLimitEvidence(limits) || CONFLICT_LIMIT_CODES.has(errorCode ?? '')) return { kind: 'limit', waitMs: limitWaitMs(limits) };
  if (named) return { kind: 'duplicate' };
  if (isEffect(kind)) return { kind: 'unknown' };
  // The first refusal of the old regime may come without any header (E-06); headers that show room speak of something else.
  return Object.keys(limits).length === 0 ? { kind: 'limit', waitMs: limitWaitMs(limits) } : { kind: 'invalid' };
}

function judgeTooMany({ kind, limits }: AnswerFacts): Verdict {
  if (!hasLimitEvidence(limits)) {
    if (kind === 'execute') return { kind: 'interval' };
    if (kind === 'import' || kind === 'clone') return { kind: 'quota' };
  }
  return { kind: 'limit', waitMs: limitWaitMs(limits) };
}

function hasConcurrencyEvidence({ concurrencyLimit, concurrencyRunning }: LimitSignals): boolean {
  return (concurrencyLimit ?? 0) > 0 && (concurrencyRunning ?? 0) >= (concurrencyLimit ?? 0);
}

function transient({ toWaitSec }: LimitSignals): Verdict {
  return (toWaitSec ?? 0) > 0 ? { kind: 'transient', waitMs: Math.ceil((toWaitSec ?? 0) * 1_000) } : { kind: 'transient' };
}

function isEffect(kind: EndpointKind): boolean {
  return kind !== 'auth' && kind !== 'read';
}
