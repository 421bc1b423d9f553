// The 4-hour token: one fetch for any number of waiting calls, renewed before it ends, never guessed at with bad credentials.
import { createHash } from 'node:crypto';
import { decodeJwt } from 'jose';
import { rememberSecret } from '../../contracts/config/known-secrets.js';
import { classifyAnswer, isOwnWords } from '../../domain/execution/answer.js';
import { QualysError } from '../errors.js';
import { tokenOf } from '../wire/auth.js';
import { limitSignals, serverTimeMs } from './limit-headers.js';
import { redacted } from './redact.js';
import { type Logger, parsedJson, type Wire, wordsOf } from './send.js';
import { type HttpAnswer, TransportError } from './transport.js';

export interface TokenSource {
  /** A token that is good for now. Throws `QualysError`. */
  token(): Promise<string>;
  /** After a 401: a newer token than the one that was refused, fetched only if nobody has done so since. */
  replacementOf(refused: string): Promise<string>;
  /** What the latest token's claims call its user. */
  identityHints(): readonly string[];
}

export interface Credentials {
  username: string;
  /** Asked at every `/auth`, because secret files rotate. */
  password: () => string | Promise<string>;
}

interface Held {
  token: string;
  /** Server time, epoch ms. */
  receivedAt: number;
  renewAt: number;
  expiresAt: number;
  /** By the monotonic clock, before it was asked for. */
  takenAt: number;
}

/** Without an `exp` claim a token lives this long (API guide: 4 hours). */
const DEFAULT_LIFE_MS = 4 * 3_600_000;
const RENEW_BEFORE_MS = 5 * 60_000;
/** Short-lived tokens must not be renewed all the time. */
const RENEW_BEFORE_SHARE = 0.2;
/** Repeated wrong passwords lock the account; within this time the same password is not tried again. */
const REFUSAL_MEMORY_MS = 60_000;
const TRIES = 3;

/** `elapsedMs` is a monotonic local clock: for how long a refusal is remembered, and a second bound of a token's life. */
export function createTokenSource(
  wire: Pick<Wire, 'transport' | 'clock' | 'logger'>,
  credentials: Credentials,
  elapsedMs: () => number = () => performance.now(),
): TokenSource {
  let held: Held | undefined;
  let fetching: Promise<Held> | undefined;
  let refused: { passwordHash: string; error: QualysError; atMs: number } | undefined;

  async function fetched(): Promise<Held> {
    const password = await credentials.password();
    rememberSecret(password);
    const passwordHash = createHash('sha256').update(password).digest('hex');
    if (refused && refused.passwordHash === passwordHash && elapsedMs() - refused.atMs < REFUSAL_MEMORY_MS) throw refused.error;
    try {
      const takenAt = elapsedMs();
      held = { ...(await authenticate(wire, credentials.username, password)), takenAt };
      rememberSecret(held.token);
      refused = undefined;
      return held;
    } catch (error) {
      if (error instanceof QualysError && error.kind === 'authentication') refused = { passwordHash, error, atMs: elapsedMs() };
      throw error;
    }
  }

  function renewed(): Promise<Held> {
    fetching ??= fetched().finally(() => {
      fetching = undefined;
    });
    return fetching;
  }

  /** Both by Qualys' clock and by what has passed here: neither alone may stretch a token's life. */
  function isBefore(instant: number, { receivedAt, takenAt }: Held, now: number): boolean {
    return now < instant && elapsedMs() - takenAt < instant - receivedAt;
  }

  return {
    async token() {
      const now = await wire.clock.now();
      const current = held;
      if (current && isBefore(current.renewAt, current, now)) return current.token;
      try {
        return (await renewed()).token;
      } catch (error) {
        // Renewing early is a courtesy: while the old token still lives, neither a hiccup of /auth nor its refusal stops anybody.
        if (error instanceof QualysError && current && held === current && isBefore(current.expiresAt, current, now)) return current.token;
        throw error;
      }
    },
    async replacementOf(refusedToken) {
      if (held && held.token !== refusedToken) return held.token;
      held = undefined;
      return (await renewed()).token;
    },
    identityHints: () => (held ? namesIn(held.token) : []),
  };
}

/** Claims that may name the user. No document has them, so all that look like it are taken. */
const NAMING_CLAIMS = /^(sub|name|(user|preferred_?user|display)[-_]?(name|id|uuid))$/i;

function namesIn(token: string): string[] {
  try {
    const claims = Object.entries(decodeJwt(token)).filter(([claim]) => NAMING_CLAIMS.test(claim));
    return claims.flatMap(([, value]) => (typeof value === 'string' ? [value] : []));
  } catch {
    return [];
  }
}

type Taken = Omit<Held, 'takenAt'>;
type AuthWire = Pick<Wire, 'transport' | 'clock' | 'logger'>;

async function authenticate(wire: AuthWire, username: string, password: string): Promise<Taken> {
  const body = new URLSearchParams({ username, password, token: 'true' }).toString();
  for (let tries = 1; ; tries += 1) {
    try {
      const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/plain, application/json' };
      const answer = await wire.transport.send({ method: 'POST', path: '/auth', headers, body });
      return await heldFrom(wire, answer, [password, username]);
    } catch (error) {
      const failure =
        error instanceof TransportError
          ? new QualysError('unavailable', `Qualys /auth: ${error.message}`, { endpoint: 'auth', cause: error })
          : error;
      if (!(failure instanceof QualysError) || failure.kind !== 'unavailable' || failure.waitMs !== undefined || tries >= TRIES)
        throw failure;
      await new Promise((resolve) => setTimeout(resolve, 100 * 2 ** tries * (0.5 + Math.random())));
    }
  }
}

async function heldFrom(wire: AuthWire, answer: HttpAnswer, secrets: readonly string[]): Promise<Taken> {
  const serverAt = serverTimeMs(answer.headers);
  const text = answer.body.toString('utf8');
  const token = tokenOf(text);
  const words = wordsOf(answer, parsedJson(answer.body));
  const isOwn = token !== undefined || isOwnWords(words);
  if (isOwn && serverAt !== undefined) await wire.clock.observe(serverAt).catch((error: unknown) => unobserved(wire.logger, error));
  const limits = limitSignals(answer.headers, answer.status);
  const verdict = classifyAnswer({ kind: 'auth', status: answer.status, limits, ...words, complete: token !== undefined });
  const facts = { status: answer.status, endpoint: 'auth' };
  const said = `HTTP ${answer.status}${words.message ? `: ${redacted(words.message, 200, secrets)}` : ''}`;
  switch (verdict.kind) {
    case 'ok':
      wire.logger.info({ endpoint: 'auth' }, 'got a new token');
      return lifeOf(token ?? '', await wire.clock.now());
    case 'authentication':
      throw new QualysError('authentication', `Qualys refused the credentials (${said}): check QUALYS_USERNAME and QUALYS_PASSWORD`, facts);
    case 'permission':
      throw new QualysError('permission', `Qualys issues no token to this user (${said}): check that its role allows API access`, facts);
    case 'not-found':
      throw new QualysError('not-found', 'no /auth at this address (HTTP 404): check that QUALYS_URL is the gateway', facts);
    case 'limit':
      throw new QualysError('limited', `Qualys /auth asks to wait ${verdict.waitMs} ms (${said})`, { ...facts, waitMs: verdict.waitMs });
    case 'transient':
      throw new QualysError('unavailable', `Qualys /auth is not available (${said})${adviceOn(answer.status)}`, {
        ...facts,
        ...(verdict.waitMs === undefined ? {} : { waitMs: verdict.waitMs }),
      });
    default:
      throw new QualysError('protocol', `Qualys /auth answered without a token (${said}): check that QUALYS_URL is the gateway`, facts);
  }
}

/** Said by something that may stand in between, so it may pass; or that may be all there is at this address. */
function adviceOn(status: number): string {
  if (status === 404) return ': not found at this address, or a proxy says so. Check that QUALYS_URL is the gateway';
  return status >= 400 && status < 500 ? ", and this is not Qualys' own response: a proxy may have refused" : '';
}

function unobserved(logger: Logger, error: unknown): void {
  logger.warn({ reason: redacted(String(error)) }, 'the server clock could not record an answer');
}

/** `receivedAt` is server time. A token without readable claims lives for the documented 4 hours. */
function lifeOf(token: string, receivedAt: number): Taken {
  const claimed = expiryOf(token);
  // An expiry that has passed on arrival comes from clocks that disagree; believing it would fetch a token for every call.
  const expiresAt = claimed !== undefined && claimed > receivedAt ? claimed : receivedAt + DEFAULT_LIFE_MS;
  const early = Math.min(RENEW_BEFORE_MS, RENEW_BEFORE_SHARE * (expiresAt - receivedAt));
  return { token, receivedAt, expiresAt, renewAt: expiresAt - early };
}

function expiryOf(token: string): number | undefined {
  try {
    const { exp } = decodeJwt(token);
    return exp === undefined ? undefined : exp * 1_000;
  } catch {
    return undefined;
  }
}
