// HTTP over undici: no redirects, no retries, bounded in time and size. Everything above decides; this only sends.
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import type { Dispatcher } from 'undici';
import { dispatcherFor, type Progress, singleUse } from './connection.js';
import type { AnswerHeaders } from './limit-headers.js';

export interface HttpRequest {
  method: 'GET' | 'POST';
  /** Path and query, beginning with a slash. */
  path: string;
  headers: Record<string, string>;
  body?: string | Readable | undefined;
  signal?: AbortSignal | undefined;
}

export interface HttpAnswer {
  status: number;
  headers: AnswerHeaders;
  body: Buffer;
}

/** No answer. `sent` is false only when no byte of the request can have left this machine. */
export class TransportError extends Error {
  override readonly name = 'TransportError';

  constructor(
    readonly why: 'connection' | 'late' | 'lost' | 'timeout' | 'too-large',
    readonly sent: boolean,
    message: string,
    cause?: unknown,
  ) {
    super(message, { cause });
  }
}

export interface Transport {
  /** Over pooled connections: for calls that may be repeated. */
  send(request: HttpRequest): Promise<HttpAnswer>;
  /** Over a connection of its own, at most once. `mayStart` is asked with the socket open and nothing written. */
  sendOnce(request: HttpRequest, mayStart: () => boolean): Promise<HttpAnswer>;
  close(): Promise<void>;
}

export interface TransportOptions {
  baseUrl: string;
  /** For the whole request, connecting and reading included. */
  timeoutMs: number;
  maxAnswerBytes?: number;
}

const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

export function createTransport(options: TransportOptions): Transport {
  const base = new URL(options.baseUrl);
  const limits = { timeoutMs: options.timeoutMs, maxBytes: options.maxAnswerBytes ?? MAX_ANSWER_BYTES };
  const target = { origin: base.origin, prefix: base.pathname.replace(/\/+$/, '') };
  const pool = dispatcherFor(base, options.timeoutMs);
  return {
    send: (request) => exchange(pool, target, request, { ...limits, progress: () => 'unknown' }),
    async sendOnce(request, mayStart) {
      const gate = singleUse(mayStart);
      const connection = dispatcherFor(base, options.timeoutMs, gate.guard);
      try {
        return await exchange(connection, target, request, { ...limits, progress: gate.progress });
      } finally {
        gate.end();
        // An answer in hand is not lost to a connection that ends badly.
        await connection.destroy().catch(() => undefined);
      }
    },
    close: () => pool.destroy(),
  };
}

type Target = { origin: string; prefix: string };
type Limits = { timeoutMs: number; maxBytes: number; progress: () => Progress };

async function exchange(via: Dispatcher, target: Target, request: HttpRequest, limits: Limits): Promise<HttpAnswer> {
  request.signal?.throwIfAborted();
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(new DOMException('timed out', 'TimeoutError')), limits.timeoutMs);
  const onAbort = () => stop.abort(request.signal?.reason);
  request.signal?.addEventListener('abort', onAbort, { once: true });
  try {
    const answer = await via.request({
      origin: target.origin,
      path: target.prefix + request.path,
      method: request.method,
      headers: { 'user-agent': 'overhaul', 'accept-encoding': 'gzip, deflate, br', ...request.headers },
      body: request.body ?? null,
      signal: stop.signal,
      reset: limits.progress() !== 'unknown',
    });
    const raw = await collected(answer.body, limits.maxBytes);
    return { status: answer.statusCode, headers: answer.headers, body: await inflated(raw, answer.headers, limits.maxBytes) };
  } catch (error) {
    if (request.signal?.aborted && limits.progress() === 'unknown') throw request.signal.reason;
    throw described(error, limits, stop.signal);
  } finally {
    clearTimeout(timer);
    request.signal?.removeEventListener('abort', onAbort);
  }
}

function described(error: unknown, limits: Limits, stopped: AbortSignal): TransportError {
  if (error instanceof TransportError) return error;
  const progress = limits.progress();
  if (progress === 'late') return new TransportError('late', false, 'The connection was ready too late to start this request');
  const code = codeOf(error);
  const sent = progress === 'handed-over' || (progress === 'unknown' && !NOTHING_SENT.has(code));
  const timedOut = stopped.aborted && stopped.reason instanceof DOMException && stopped.reason.name === 'TimeoutError';
  if (timedOut) return new TransportError(sent ? 'timeout' : 'connection', sent, `No answer within ${limits.timeoutMs} ms`, error);
  if (!sent) return new TransportError('connection', false, `Could not connect (${code || 'no code'})`, error);
  return new TransportError('lost', true, `The connection was lost before the answer was complete (${code || 'no code'})`, error);
}

/** Codes that arise only before a request is written; any other may hide a request that arrived. */
const NOTHING_SENT: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/** The first code in the chain of causes. By shape, because errors of Node may come from another realm. */
function codeOf(error: unknown): string {
  for (let at: unknown = error; typeof at === 'object' && at !== null; at = (at as { cause?: unknown }).cause) {
    const { code } = at as { code?: unknown };
    if (typeof code === 'string') return code;
  }
  return '';
}

async function collected(body: AsyncIterable<Buffer>, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

const inflaters = { gzip: promisify(zlib.gunzip), deflate: promisify(zlib.inflate), br: promisify(zlib.brotliDecompress) } as const;

async function inflated(raw: Buffer, headers: AnswerHeaders, maxBytes: number): Promise<Buffer> {
  const encoding = String(headers['content-encoding'] ?? '')
    .trim()
    .toLowerCase()
    .replace(/^x-/, '');
  if (raw.length === 0 || !(encoding in inflaters)) return raw;
  try {
    return await inflaters[encoding as keyof typeof inflaters](raw, { maxOutputLength: maxBytes });
  } catch (error) {
    throw codeOf(error) === 'ERR_BUFFER_TOO_LARGE'
      ? tooLarge(maxBytes)
      : new TransportError('lost', true, `The answer's ${encoding} body is damaged`, error);
  }
}

function tooLarge(maxBytes: number): TransportError {
  return new TransportError('too-large', true, `The answer is larger than ${maxBytes} bytes: ask for smaller pages`);
}
