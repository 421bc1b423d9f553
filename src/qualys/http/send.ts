// One request, sent once: through the gate, to the wire, judged, and the gate told what was learned.
import type { Readable } from 'node:stream';
import type { AnswerFacts, EndpointKind, LimitSignals, Verdict } from '../../domain/execution/answer.js';
import { classifyAnswer, isOwnWords } from '../../domain/execution/answer.js';
import type { CallGate, LimitEvidence, ServerClock } from '../../domain/limits/call-gate.js';
import { secondsInWords } from '../../domain/limits/requested-wait.js';
import { refusalOf, whoseRefusal } from '../wire/auth.js';
import { asksToWait, clocksOf, limitSignals, serverTimeMs } from './limit-headers.js';
import { redacted } from './redact.js';
import { type HttpAnswer, type HttpRequest, type Transport, TransportError } from './transport.js';

export interface Logger {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
}

/** What every call needs. */
export interface Wire {
  transport: Transport;
  gate: CallGate;
  clock: ServerClock;
  logger: Logger;
  timeoutMs: number;
}

export interface Call {
  endpoint: string;
  kind: Exclude<EndpointKind, 'auth'>;
  method: 'GET' | 'POST';
  path: string;
  json?: unknown;
  /** Instead of `json`: a body of another type, made again for each sending. */
  body?: (() => OutgoingBody) | undefined;
  /** The answer's payload, undefined when it is not what the endpoint promises. `json` is undefined for a body that is none. */
  payloadOf: (json: unknown, answer: HttpAnswer) => unknown;
  /** What 204 stands for, where it may come (the gateway answers an empty search so). */
  payloadOfNothing?: unknown;
  /** A 200 without any body stands for nothing, too (docs/qualys-api.md#global-assetview: the GAV filter list). */
  blankIsNothing?: boolean | undefined;
  runId?: string | undefined;
  signal?: AbortSignal | undefined;
  /** Given for calls with an effect: a connection of its own, asked with the socket open. */
  mayStart?: (() => boolean) | undefined;
}

export interface OutgoingBody {
  /** The content type. */
  type: string;
  content: string | Readable;
  /** Length of a stream in bytes. */
  bytes?: number;
}

export interface Answer {
  kind: 'answer';
  verdict: Verdict;
  status: number;
  payload: unknown;
  bytes: number;
  serverAt?: number | undefined;
  /** For people: status, error code, redacted message. */
  said: string;
}

export type Attempt = Answer | { kind: 'wait'; waitMs: number; why: string } | { kind: 'failed'; error: TransportError };

/** Beyond the request's own timeout a place in the gate comes back by itself: the process died. */
const HOLD_MARGIN_MS = 2_000;

export async function attempt(wire: Wire, call: Call, token: string): Promise<Attempt> {
  const place = await wire.gate.enter({ endpoint: call.endpoint, runId: call.runId, holdMs: wire.timeoutMs + HOLD_MARGIN_MS });
  if (place.kind === 'wait') return place;
  const startedAt = performance.now();
  const outcome = await sent(wire, call, token)
    .then((answer) => judged(call, answer))
    .catch((error: unknown) => failed(error, call));
  if (outcome.kind === 'failed') {
    const { error } = outcome;
    const unsent = error instanceof TransportError && !error.sent;
    await quietly(wire, () => (unsent ? wire.gate.cancel(place.callId) : wire.gate.leave(place.callId, undefined)));
    if (!(error instanceof TransportError)) throw error;
    wire.logger.debug({ endpoint: call.endpoint, why: error.why, sent: error.sent }, 'no answer from Qualys');
    return { kind: 'failed', error };
  }
  const { answer } = outcome;
  await quietly(wire, () => wire.gate.leave(place.callId, evidenceOf(outcome)));
  const { serverAt, status } = answer;
  if (outcome.isOwn && serverAt !== undefined) await quietly(wire, () => wire.clock.observe(serverAt));
  wire.logger.debug({ endpoint: call.endpoint, status, ms: Math.round(performance.now() - startedAt) }, 'answer from Qualys');
  return answer;
}

/**
 * `isOwn`: it says what only the API says, so that its `Date` is the gateway's and not that of something in between; nothing can be said by
 * anybody.
 */
type Judged = { kind: 'judged'; answer: Answer; limits: LimitSignals; requestedSec: number | undefined; isOwn: boolean };

/** A requested wait in words is the gate's to keep where it mentions calls; an execution's interval is its script's. */
function evidenceOf({ answer, limits, requestedSec }: Judged): LimitEvidence {
  const refused = answer.verdict.kind === 'limit';
  return {
    ...limits,
    ...(refused && requestedSec !== undefined ? { toWaitSec: Math.max(requestedSec, limits.toWaitSec ?? 0) } : {}),
    refused,
  };
}

/** An abort ends a read with its own reason. Once an effect may be under way nothing but a word for its fate may come out. */
function failed(error: unknown, call: Call): { kind: 'failed'; error: unknown } {
  if (error instanceof TransportError || !call.mayStart) return { kind: 'failed', error };
  return { kind: 'failed', error: new TransportError('lost', true, `The answer could not be read: ${redacted(String(error))}`, error) };
}

function sent(wire: Wire, call: Call, token: string): Promise<HttpAnswer> {
  const body = call.body?.() ?? (call.json === undefined ? undefined : { type: 'application/json', content: JSON.stringify(call.json) });
  const request: HttpRequest = {
    method: call.method,
    path: call.path,
    headers: {
      authorization: `Bearer ${token}`,
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': body.type }),
      ...(body?.bytes === undefined ? {} : { 'content-length': String(body.bytes) }),
    },
    body: body?.content,
    signal: call.signal,
  };
  return call.mayStart ? wire.transport.sendOnce(request, call.mayStart) : wire.transport.send(request);
}

function judged(call: Call, answer: HttpAnswer): Judged {
  const { status } = answer;
  const limits = limitSignals(answer.headers, status);
  const json = parsedJson(answer.body);
  const isNothing = status === 204 || (call.blankIsNothing === true && answer.body.length === 0);
  const payload = status < 200 || status >= 300 ? undefined : isNothing ? call.payloadOfNothing : call.payloadOf(json, answer);
  const facts: AnswerFacts = { kind: call.kind, status, limits, ...wordsOf(answer, json), complete: payload !== undefined };
  const verdict = classifyAnswer(facts);
  const serverAt = serverTimeMs(answer.headers);
  return {
    kind: 'judged',
    limits,
    requestedSec: facts.requestedSec,
    isOwn: (payload !== undefined && !isNothing) || isOwnWords(facts),
    answer: { kind: 'answer', verdict, status, payload, bytes: answer.body.length, serverAt, said: said(facts, answer.body) },
  };
}

/** What an answer says for itself, and whether it is the gateway's to say. `json` is its body, parsed. */
export function wordsOf(
  { status, headers, body }: HttpAnswer,
  json: unknown,
): Pick<AnswerFacts, 'errorCode' | 'message' | 'words' | 'asksToWait' | 'requestedSec'> {
  const words = isBlank(body) ? 'none' : (whoseRefusal(json, status) ?? 'foreign');
  // A page may mention any wait; only what is Qualys' own is obeyed in words.
  const requestedSec = isOwnWords({ words }) ? secondsInWords(body.subarray(0, 2_048).toString('utf8'), clocksOf(headers)) : undefined;
  return { ...refusalOf(json), words, asksToWait: asksToWait(headers), ...(requestedSec === undefined ? {} : { requestedSec }) };
}

function isBlank(body: Buffer): boolean {
  return body.length <= BLANK_BYTES && body.toString('utf8').trim() === '';
}

/** A few line breaks are no words; beyond that a body is not worth reading twice. */
const BLANK_BYTES = 16;

/** Bodies of successful answers are never quoted: they may hold script output. */
function said({ status, errorCode, message }: AnswerFacts, body: Buffer): string {
  const words = message ?? (status >= 300 ? body.subarray(0, 2_048).toString('utf8') : '');
  const code = errorCode === undefined ? '' : `, error code ${redacted(errorCode, 40)}`;
  return `HTTP ${status}${code}${words.trim() === '' ? '' : `: ${redacted(words, 200)}`}`;
}

/** Undefined for a body that is no JSON: truncated, HTML, empty. */
export function parsedJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}

/** An answer in hand must not be lost because the ledger behind gate or clock has a bad moment. */
async function quietly(wire: Wire, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    wire.logger.warn({ reason: redacted(String(error)) }, 'the call gate or clock could not record a call');
  }
}
