// Reads: repeated within reason here, then handed back as a `QualysError` that says whether waiting helps.
import { setTimeout as delay } from 'node:timers/promises';
import { QualysError } from '../errors.js';
import { type Answer, type Attempt, attempt, type Call, type Wire } from './send.js';
import type { TokenSource } from './token.js';

export interface Reader extends Wire {
  tokens: TokenSource;
  /** Waits up to this long altogether are slept here; longer ones end the call as `limited`. */
  maxWaitInProcessMs: number;
  /** Tries after a hiccup; default 2, Temporal has patience for the rest. */
  maxHiccups?: number;
}

const MAX_HICCUPS = 2;
const MAX_BACKOFF_MS = 1_000;

/** The answer of a read, whose verdict is `ok`. Throws `QualysError`, or the signal's reason when aborted. */
export async function read(reader: Reader, call: Call): Promise<Answer> {
  let token = await reader.tokens.token();
  let replayed = false;
  let hiccups = 0;
  let waitLeftMs = reader.maxWaitInProcessMs;
  for (;;) {
    call.signal?.throwIfAborted();
    const outcome = await attempt(reader, call, token);
    const next = afterAttempt(outcome, call.endpoint);
    if ('answer' in next) return next.answer;
    if ('replay' in next) {
      if (replayed)
        throw new QualysError('unavailable', `${call.endpoint}: Qualys refuses a new token (${next.replay})`, {
          status: 401,
          endpoint: call.endpoint,
        });
      replayed = true;
      token = await reader.tokens.replacementOf(token);
      continue;
    }
    const { error } = next;
    if (error.kind === 'unavailable') hiccups += 1;
    const pauseMs = error.waitMs ?? backoffMs(hiccups);
    if (!next.passes || hiccups > (reader.maxHiccups ?? MAX_HICCUPS) || (error.waitMs !== undefined && pauseMs > waitLeftMs)) throw error;
    if (error.waitMs !== undefined) waitLeftMs -= pauseMs;
    await pause(pauseMs, call.signal);
    token = await reader.tokens.token();
  }
}

/**
 * The path is not there: by the API's own word, or anyway after several tries, whoever says it. To be asked where another path is
 * documented.
 */
export function isPathUnknown(error: unknown): boolean {
  if (!(error instanceof QualysError)) return false;
  return error.kind === 'not-found' || error.facts.status === 404 || error.facts.status === 405;
}

type Next = { answer: Answer } | { replay: string } | { error: QualysError; passes: boolean };

function afterAttempt(outcome: Attempt, endpoint: string): Next {
  if (outcome.kind === 'wait') {
    const waitMs = Math.max(1, Math.ceil(outcome.waitMs));
    return {
      error: new QualysError('limited', `${endpoint}: no call is allowed for another ${waitMs} ms (${outcome.why})`, { endpoint, waitMs }),
      passes: true,
    };
  }
  if (outcome.kind === 'failed') {
    const { why, message } = outcome.error;
    const kind = why === 'too-large' ? 'protocol' : 'unavailable';
    return { error: new QualysError(kind, `${endpoint}: ${message}`, { endpoint, cause: outcome.error }), passes: kind === 'unavailable' };
  }
  return afterAnswer(outcome, endpoint);
}

function afterAnswer(answer: Answer, endpoint: string): Next {
  const { verdict, status, said } = answer;
  const facts = { status, endpoint };
  const final = (kind: QualysError['kind'], advice: string): Next => ({
    error: new QualysError(kind, `${endpoint}: ${said}. ${advice}`, facts),
    passes: false,
  });
  switch (verdict.kind) {
    case 'ok':
      return { answer };
    case 'token':
      return { replay: said };
    case 'limit':
      return {
        error: new QualysError('limited', `${endpoint}: ${said}. Wait ${verdict.waitMs} ms`, { ...facts, waitMs: verdict.waitMs }),
        passes: true,
      };
    case 'transient': {
      const wait = verdict.waitMs === undefined ? {} : { waitMs: verdict.waitMs };
      return { error: new QualysError('unavailable', `${endpoint}: no usable answer (${said})`, { ...facts, ...wait }), passes: true };
    }
    case 'permission':
      return final('permission', "not allowed by the API user's role or scope");
    case 'not-found':
      return final('not-found', "unknown to Qualys or outside the API user's scope");
    case 'invalid':
      return final('invalid', 'Qualys rejected the request as invalid');
    default:
      return final('protocol', 'undocumented answer');
  }
}

/** Jittered, so that workers that failed together do not come back together. */
function backoffMs(hiccups: number): number {
  return Math.min(MAX_BACKOFF_MS, 100 * 2 ** hiccups) * (0.5 + Math.random() / 2);
}

/** At least `ms`: timers of Node may fire up to a millisecond early. */
async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await delay(Math.ceil(ms) + 1, undefined, { signal });
  } catch (error) {
    throw signal?.aborted ? signal.reason : error;
  }
}
