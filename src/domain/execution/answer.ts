// What an answer of Qualys means: one decision table as a pure function (docs/architecture/answers.md).
import type { LimitEvidence } from '../limits/call-gate.js';

/** `read` repeats freely; all others but `auth` have an effect and are never repeated blindly. */
export type EndpointKind = 'auth' | 'read' | 'execute' | 'schedule' | 'import' | 'clone';
export type LimitSignals = Omit<LimitEvidence, 'refused'>;

/**
 * Whose words a body is. `api`: its envelope (`errorCode` with `message`, `responseCode`, `authentication_exceptions`); `gateway`: its
 * `{status, error, message}`; `foreign`: a page, plain text, JSON of another shape, which anything between here and there may have put in
 * the place of the answer; `none`: no body at all.
 */
export type Words = 'api' | 'gateway' | 'foreign' | 'none';

export interface AnswerFacts {
  kind: EndpointKind;
  status: number;
  limits: LimitSignals;
  words: Words;
  /**
   * A limit header of Qualys' own asks to wait. No accepted answer carries one (docs/qualys-api.md#rate-limits), so it cannot be left over
   * from one.
   */
  asksToWait: boolean;
  /** The envelope's `errorCode`, when there is one. */
  errorCode?: string | undefined;
  message?: string | undefined;
  /** The wait that its own words ask for, in seconds; some gateways name it nowhere else. */
  requestedSec?: number | undefined;
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
  /** `execute` only, not executed: the script ran within its configured interval, a day's executions are used up, or no reason is given. */
  | { kind: ExecuteRefusal; waitMs?: number }
  /** A call limit; not executed. `waitMs` is real time and never shorter than told. */
  | { kind: 'limit'; waitMs: number }
  /** Passes by itself; only reads. */
  | { kind: 'transient'; waitMs?: number }
  /** The answer says something no document has; only `auth` and reads. */
  | { kind: 'protocol' }
  /** An effect whose fate the answer does not tell. */
  | { kind: 'unknown' };

/** Why an `execute` is refused although no limit of calls is reached. */
export type ExecuteRefusal = 'interval' | 'day' | 'unexplained';

/** Told nothing, wait this long: limit headers may be missing from the first refusal (docs/qualys-api.md#rate-limits). */
const UNTOLD_LIMIT_WAIT_MS = 60_000;
/** A concurrency refusal passes when a running call ends (graph-qualys waits 10 s). */
const CONCURRENCY_WAIT_MS = 10_000;
/** The old regime's own words under 409: too many calls at once, and too many in the window (docs/qualys-api.md#rate-limits). */
const CONFLICT_LIMIT_CODES: ReadonlySet<string> = new Set(['1960', '1965']);

export function classifyAnswer(facts: AnswerFacts): Verdict {
  const { kind, status } = facts;
  if (status >= 200 && status < 300) return judgeSuccess(facts);
  // A proxy that inspects answers lets the request through and puts its page, under any status, in the place of what came back.
  if (isEffect(kind) && !isOfTheGateway(facts)) return { kind: 'unknown' };
  if (status === 401) return judgeUnauthorised(facts);
  if (status === 409) return classifyConflict(facts);
  if (status === 429) return classifyTooMany(facts);
  if (isEffect(kind)) return refusalOf(status) ?? { kind: 'unknown' };
  if (status < 400 && kind === 'auth') return { kind: 'protocol' };
  if (status >= 500 || status === 408 || status === 425 || !isOfTheGateway(facts)) return transient(facts.limits);
  return refusalOf(status) ?? { kind: 'invalid' };
}

/**
 * Whether the refusal is recognisably the gateway's own: its JSON, or its limit headers where it refuses for a limit (contract, promise 1).
 */
function isOfTheGateway({ status, words, limits, asksToWait }: Omit<AnswerFacts, 'kind' | 'complete'>): boolean {
  if (isOwnWords({ words })) return true;
  if (status !== 409 && status !== 429) return false;
  // An empty window and full places stand on accepted answers, too: under a page they may be what is left of one.
  return asksToWait || (words === 'none' && ((limits.remaining ?? 1) <= 0 || hasConcurrencyEvidence(limits)));
}

/** No page in between says what only the API and its gateway say. */
export function isOwnWords({ words }: Pick<AnswerFacts, 'words'>): boolean {
  return words === 'api' || words === 'gateway';
}

/** What is documented as not executed, by those who may say so. */
function refusalOf(status: number): Verdict | undefined {
  if (status === 403) return { kind: 'permission' };
  if (status === 404) return { kind: 'not-found' };
  return DOCUMENTED_AS_NOT_EXECUTED.has(status) ? { kind: 'invalid' } : undefined;
}

/**
 * A read may always try a new token. `/auth` refuses credentials by naming them (docs/qualys-api.md#error-bodies): a 401 to everything is
 * an outage.
 */
function judgeUnauthorised({ kind, words, message, limits }: AnswerFacts): Verdict {
  if (kind !== 'auth') return { kind: 'token' };
  const namesThem = words === 'api' || (words === 'gateway' && /credential|password|user ?name|\blog[io]n\b/i.test(message ?? ''));
  return namesThem ? { kind: 'authentication' } : transient(limits);
}

const DOCUMENTED_AS_NOT_EXECUTED: ReadonlySet<number> = new Set([400, 405, 413, 415, 422]);

/**
 * The values say that a limit was hit. Their mere presence proves nothing: they are on ordinary answers too
 * (docs/qualys-api.md#rate-limits).
 */
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

function classifyConflict({ kind, limits, message, errorCode, words, requestedSec }: AnswerFacts): Verdict {
  const named = kind === 'schedule' || kind === 'import';
  // The last call of a window carries `Remaining: 0` whatever it answers, so the documented sentence goes first.
  if (named && /already exist/i.test(message ?? '')) return { kind: 'duplicate' };
  if (hasLimitEvidence(limits) || CONFLICT_LIMIT_CODES.has(errorCode ?? '')) return limited(limits, requestedSec);
  if (named) return { kind: 'duplicate' };
  if (isEffect(kind)) return { kind: 'unknown' };
  // The first refusal of the old regime may come without any header (docs/qualys-api.md#rate-limits); headers that show room mention
  // something else.
  if (Object.keys(limits).length === 0 && words !== 'foreign') return limited(limits, requestedSec);
  return isOwnWords({ words }) ? { kind: 'invalid' } : transient(limits);
}

function classifyTooMany({ kind, limits, message = '', errorCode, requestedSec }: AnswerFacts): Verdict {
  if (!hasLimitEvidence(limits) && !CONFLICT_LIMIT_CODES.has(errorCode ?? '')) {
    if (kind === 'execute' && !OF_CALLS.test(message)) return { kind: whyRefused(message), ...told(requestedSec) };
    if (kind === 'import' || kind === 'clone') return { kind: 'quota' };
  }
  return limited(limits, requestedSec);
}

/**
 * 429 on `execute` is documented for the interval (docs/qualys-api.md#execute), and known for a day's cap a user
 * (docs/qualys-api.md#scripts); only words tell them apart.
 */
function whyRefused(message: string): ExecuteRefusal {
  if (OF_THE_DAY.test(message)) return 'day';
  return OF_THE_INTERVAL.test(message) ? 'interval' : 'unexplained';
}

const OF_CALLS = /rate.?limit|concurren|\bapi (?:calls?|requests?)\b|too many (?:calls|requests)/i;
const OF_THE_DAY =
  /\bdaily\b|\b(?:a|an|per|each|every|one|the|this|next|24.?h(?:ou)?rs?) day\b|\bday['’]?s\b|\b24.?h(?:ou)?rs?\b|\bto(?:day|morrow)\b|\bquota\b|\bcap\b/i;
const OF_THE_INTERVAL =
  /\binterval\b|\b(?:minutes?|seconds?|mins?|secs?)\b|\bagain\b|\balready\b|\brecent(?:ly)?\b|\bfrequent(?:ly)?\b|\btoo soon\b/i;

function limited(limits: LimitSignals, requestedSec: number | undefined): Verdict {
  return {
    kind: 'limit',
    waitMs: requestedSec === undefined ? limitWaitMs(limits) : Math.ceil(Math.max(requestedSec, limits.toWaitSec ?? 0) * 1_000),
  };
}

function told(requestedSec: number | undefined): { waitMs?: number } {
  return requestedSec === undefined ? {} : { waitMs: Math.ceil(requestedSec * 1_000) };
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
