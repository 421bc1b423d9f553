// Whether a delivery comes from a holder of one of the hook's secrets: HMAC-SHA256, or a shared token where a system cannot sign.
// On node:crypto over the raw bytes: the senders' own packages take 20 times as long (18 ms for 1 MB, spent before a sender is known), accept
// `1700000000junk` as a timestamp, or take text only. They check this file in the tests (docs/decisions/007-signatures-with-node-crypto.md).
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** How a system proves that an event is its own. */
export interface Scheme {
  /** Where the proof may stand, and what stands before it there. More than one: exactly one of them is to be used. */
  proof: readonly { header: string; prefix: string }[];
  encoding: 'hex' | 'base64' | 'plain';
  signed: 'body' | 'timestamp, body' | 'id.timestamp.body' | 'nothing';
  /** Between several proofs in one header, of which any will do. */
  separator?: ' ' | ',';
  timestamp?: { header: string; form: 'seconds' | 'ISO 8601'; toleranceS: number };
  /** Of the delivery: never twice, and required where it is signed. */
  id?: string;
  secret: 'base64' | 'text' | 'token';
}

export interface Delivery {
  /** Names and values in turn, as received: joined headers would hide that one came twice. */
  rawHeaders: readonly string[];
  body: Uint8Array;
  /** Any of them will do: several while a secret is rotated. */
  keys: readonly Uint8Array[];
  now: Date;
}

export type Verdict = { ok: true } | { ok: false; problem: string };

export function verifyDelivery(scheme: Scheme, { rawHeaders, body, keys, now }: Delivery): Verdict {
  const places = scheme.proof
    .map((place) => ({ ...place, values: valuesOf(rawHeaders, place.header) }))
    .filter(({ values }) => values.length > 0);
  const [place] = places;
  const names = scheme.proof.map(({ header }) => header);
  if (places.length !== 1 || place?.values.length !== 1) return refused(`${names.join(' or ')} must be given once`);
  const id = scheme.id === undefined ? [] : valuesOf(rawHeaders, scheme.id);
  if (id.length > 1 || (scheme.signed === 'id.timestamp.body' && !id[0])) return refused(`${scheme.id} must be given once`);
  const timestamp = scheme.timestamp ? valuesOf(rawHeaders, scheme.timestamp.header) : [];
  if (scheme.timestamp) {
    if (timestamp.length !== 1) return refused(`${scheme.timestamp.header} must be given once`);
    const problem = timestampProblem(scheme.timestamp, timestamp[0] ?? '', now);
    if (problem) return refused(problem);
  }
  const [given = ''] = place.values;
  const proofs = (scheme.separator === undefined ? [given] : given.split(scheme.separator)).flatMap((entry) =>
    entry.startsWith(place.prefix) ? decoded(scheme.encoding, entry.slice(place.prefix.length)) : [],
  );
  const before = { body: '', nothing: '', 'timestamp, body': timestamp[0] ?? '', 'id.timestamp.body': `${id[0]}.${timestamp[0]}.` }[
    scheme.signed
  ];
  let matched = false;
  for (const key of keys) {
    const expected = scheme.signed === 'nothing' ? digestOf(key) : createHmac('sha256', key).update(before).update(body).digest();
    // Every key and proof is compared, so that the time taken does not tell which one matched.
    for (const proof of proofs) if (timingSafeEqual(proof, expected)) matched = true;
  }
  return matched ? { ok: true } : refused(`${place.header} does not match under any secret of this hook`);
}

function timestampProblem({ header, form, toleranceS }: NonNullable<Scheme['timestamp']>, text: string, now: Date): string | undefined {
  const seconds = form === 'seconds' ? secondsOf(text) : isoSecondsOf(text);
  if (seconds === undefined)
    return `${header} must be ${form === 'seconds' ? 'seconds since 1970' : 'a UTC time such as 2026-11-21T12:00:00Z'}`;
  const offS = Math.abs(Math.floor(now.getTime() / 1_000) - seconds);
  return offS > toleranceS ? `${header} is more than ${toleranceS} s from this server's clock` : undefined;
}

function secondsOf(text: string): number | undefined {
  return /^[1-9]\d{0,10}$/.test(text) ? Number(text) : undefined;
}

function isoSecondsOf(text: string): number | undefined {
  const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? undefined : Math.floor(ms / 1_000);
}

/** 32 bytes, or nothing. One spelling only: another text for the same bytes is no signature that a sender wrote. */
function decoded(encoding: Scheme['encoding'], text: string): Buffer[] {
  if (encoding === 'plain') return text === '' ? [] : [digestOf(Buffer.from(text))];
  const bytes = Buffer.from(text, encoding);
  return bytes.length === 32 && bytes.toString(encoding) === text ? [bytes] : [];
}

/** Of equal length whatever the token is, as the comparison needs it. */
function digestOf(token: Uint8Array): Buffer {
  return createHash('sha256').update(token).digest();
}

function valuesOf(rawHeaders: readonly string[], name: string): string[] {
  return rawHeaders.filter((_value, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name);
}

function refused(problem: string): { ok: false; problem: string } {
  return { ok: false, problem };
}

const NO_KEY = {
  base64: 'is not a Standard Webhooks secret: use whsec_… or plain base64',
  text: 'is not a signing secret',
  token: 'cannot be sent in a header: use printable ASCII without blanks',
} as const;

/** The key of a secret, or what is wrong with it. An empty key would make every signature one that anybody can write. */
export function keyOf({ secret: kind }: Pick<Scheme, 'secret'>, secret: string): { key: Uint8Array } | { problem: string } {
  const base64 = secret.replace(/^whsec_/, '');
  const key = {
    base64: () => /^[A-Za-z0-9+/]+={0,2}$/.test(base64) && base64.replaceAll('=', '').length % 4 !== 1 && Buffer.from(base64, 'base64'),
    text: () => Buffer.from(secret),
    token: () => /^[\x21-\x7e]+$/.test(secret) && Buffer.from(secret),
  }[kind]();
  return key && key.length > 0 ? { key } : { problem: NO_KEY[kind] };
}
