// Requests to ticket systems: guarded addresses, no redirects, bounded in time and size, and never sooner than the system has asked for.
import type { LookupFunction } from 'node:net';
import { Agent, type Dispatcher, EnvHttpProxyAgent } from 'undici';
import type { AllowedRanges } from './addresses.js';
import { addressRefusal, isLoopback } from './addresses.js';
import { AddressRefused, guardedConnector } from './guard.js';
import { retryAfterMs } from './retry-after.js';

export interface TicketRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH';
  /** With path and query; built by us, out of what the configuration says and checked parts. */
  url: URL;
  headers: Record<string, string>;
  body?: string | undefined;
  signal?: AbortSignal | undefined;
}

export interface TicketAnswer {
  status: number;
  /** Undefined where the body is no JSON. */
  body: unknown;
}

/** No usable answer. The message names the host and what happened; never what was sent or answered, which may hold secrets. */
export class TicketSystemError extends Error {
  override readonly name = 'TicketSystemError';

  constructor(
    readonly why: 'address' | 'connection' | 'timeout' | 'too-large' | 'redirect' | 'held',
    message: string,
    /** Nothing may be sent to the system before. */
    readonly waitMs?: number | undefined,
  ) {
    super(message);
  }
}

export interface TicketHttp {
  send(request: TicketRequest): Promise<TicketAnswer>;
  close(): Promise<void>;
}

interface Options {
  /** `network.allow`, as it is now. */
  allow: () => AllowedRanges;
  timeoutMs?: number;
  maxAnswerBytes?: number;
  lookup?: LookupFunction;
  now?: () => number;
}

/** Reading a ticket is given up sooner by whoever asks; this bounds what nobody waits for any more. */
const TIMEOUT_MS = 15_000;
/** A ticket with all its fields is some 100 kB. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
const MAX_HEADER_BYTES = 16 * 1024;
/** Longer than this is no wait but an error; whoever waits then asks again. */
const LONGEST_HOLD_MS = 60 * 60_000;

export function createTicketHttp(options: Options): TicketHttp {
  const { allow, timeoutMs = TIMEOUT_MS, maxAnswerBytes = MAX_ANSWER_BYTES, now = () => performance.now() } = options;
  const common = {
    connect: guardedConnector(allow, options.lookup),
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    maxHeaderSize: MAX_HEADER_BYTES,
    maxResponseSize: maxAnswerBytes,
    connections: 8,
  };
  const direct = new Agent(common);
  // Where the machine has a proxy, it connects for us: what it reaches is its to guard, and an address that is written as one is ours.
  const outside = new EnvHttpProxyAgent(common);
  const heldUntil = new Map<string, number>();
  return {
    async send(request) {
      const { url } = request;
      const held = (heldUntil.get(url.origin) ?? 0) - now();
      if (held > 0) throw new TicketSystemError('held', `${url.host} asked to wait for ${Math.ceil(held / 1_000)} s more`, Math.ceil(held));
      const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
      const answer = await exchange(isLocal(host) ? direct : outside, request, { timeoutMs, maxAnswerBytes, allow });
      const waitMs = retryAfterMs(answer.status, answer.retryAfter, Date.now());
      if (waitMs !== undefined) heldUntil.set(url.origin, now() + Math.min(waitMs, LONGEST_HOLD_MS));
      return { status: answer.status, body: answer.body };
    },
    async close() {
      await Promise.all([direct.destroy(), outside.destroy()]);
    },
  };
}

/** A proxy for the whole machine must not swallow a system on this machine (simulator, tests). */
function isLocal(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || isLoopback(host);
}

interface Limits {
  timeoutMs: number;
  maxAnswerBytes: number;
  allow: () => AllowedRanges;
}

async function exchange(
  via: Dispatcher,
  { url, method, headers, body, signal }: TicketRequest,
  { timeoutMs, maxAnswerBytes, allow }: Limits,
): Promise<TicketAnswer & { retryAfter: string | undefined }> {
  const literal = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const refusal = /^[0-9.]+$|:/.test(literal) ? addressRefusal(literal, allow()) : undefined;
  if (refusal !== undefined) throw new TicketSystemError('address', `${url.host} is not contacted: ${refusal}`);
  if (url.protocol !== 'https:' && !isLocal(literal))
    throw new TicketSystemError('address', `${url.host} is not contacted: credentials go over https only`);
  const timeout = AbortSignal.timeout(timeoutMs);
  const stop = signal ? AbortSignal.any([signal, timeout]) : timeout;
  try {
    const answer = await via.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method,
      headers: { 'user-agent': 'overhaul', accept: 'application/json', ...headers },
      body: body ?? null,
      signal: stop,
    });
    const text = await bounded(answer.body, maxAnswerBytes);
    if (answer.statusCode >= 300 && answer.statusCode < 400)
      throw new TicketSystemError('redirect', `${url.host} answered with a redirect (${answer.statusCode}), which is not followed`);
    return { status: answer.statusCode, body: parsed(text), retryAfter: askedToWait(answer.headers) };
  } catch (error) {
    throw described(error, url.host, stop.aborted ? timeoutMs : undefined);
  }
}

/** GitHub names the second from which there is something left again where it names no seconds to wait. */
function askedToWait(headers: Readonly<Record<string, string | string[] | undefined>>): string | undefined {
  const one = (name: string): string | undefined => [headers[name]].flat()[0];
  const resetAt = one('x-ratelimit-remaining') === '0' ? Number(one('x-ratelimit-reset')) * 1_000 : Number.NaN;
  return one('retry-after') ?? (resetAt > 0 && resetAt < 8e15 ? new Date(resetAt).toUTCString() : undefined);
}

class TooLarge extends Error {}

async function bounded(body: AsyncIterable<Buffer>, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxBytes) throw new TooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size).toString('utf8');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Errors of undici carry requests and answers with them; of them only the code is told. */
function described(error: unknown, host: string, stoppedAfterMs: number | undefined): TicketSystemError {
  if (error instanceof TicketSystemError) return error;
  const refused = inChain(error, (cause) => cause instanceof AddressRefused);
  if (refused instanceof AddressRefused) return new TicketSystemError('address', `${host} is not contacted: ${refused.message}`);
  const code = String((inChain(error, (cause) => typeof (cause as { code?: unknown }).code === 'string') as { code?: string })?.code ?? '');
  if (error instanceof TooLarge || code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE')
    return new TicketSystemError('too-large', `the answer of ${host} is too large`);
  if (stoppedAfterMs !== undefined || code.endsWith('_TIMEOUT')) return new TicketSystemError('timeout', `${host} did not answer in time`);
  return new TicketSystemError('connection', `no connection to ${host} (${code || 'no code'})`);
}

/** By shape: errors of Node may come from another realm, and several addresses fail as an aggregate. */
function inChain(error: unknown, isIt: (cause: object) => boolean): unknown {
  for (let at: unknown = error, depth = 0; typeof at === 'object' && at !== null && depth < 8; depth += 1) {
    if (isIt(at)) return at;
    const { cause, errors } = at as { cause?: unknown; errors?: unknown };
    at = cause ?? (Array.isArray(errors) ? errors[0] : undefined);
  }
  return undefined;
}
