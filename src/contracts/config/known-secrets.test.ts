import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { rememberSecret, rememberUserInfo, SHORTEST_SECRET, withoutSecrets } from './known-secrets.js';

const b64 = (text: string, encoding: 'base64' | 'base64url' = 'base64') => Buffer.from(text, 'utf8').toString(encoding);

/** A text that shows the secret, and how much of it: nothing longer than what stands beside it may be left. */
const WAYS: Record<string, (secret: string) => string> = {
  plain: (secret) => `login with ${secret} failed`,
  JSON: (secret) => JSON.stringify({ error: `login with ${secret} failed` }),
  'JSON in JSON': (secret) => JSON.stringify({ body: JSON.stringify({ password: secret }) }),
  'a query': (secret) => `POST /auth?${new URLSearchParams({ password: secret })}`,
  'percent-encoding': (secret) => `/x?p=${encodeURIComponent(secret)}&q`,
  'lower percent-encoding': (secret) => `/x?p=${encodeURIComponent(secret).replace(/%../g, (code) => code.toLowerCase())}&q`,
  base64: (secret) => `Authorization: ${b64(secret)}`,
  base64url: (secret) => `x ${b64(secret, 'base64url')} y`,
  'basic authentication': (secret) => `Authorization: Basic ${b64(`ada:${secret}`)}`,
  'basic authentication of a longer name': (secret) => `Basic ${b64(`adam:${secret}`)}`,
  'a longer text in base64': (secret) => b64(`some {"password":"${secret}"} more`),
  hexadecimal: (secret) => `0x${Buffer.from(secret).toString('hex')}`,
  'upper hexadecimal': (secret) => Buffer.from(secret).toString('hex').toUpperCase(),
};

/** Whether enough of the secret can be read to matter: eight of its bytes in a row, in any of the ways. */
function shows(text: string, secret: string): boolean {
  const bytes = Buffer.from(secret, 'utf8');
  const decoded = [
    text,
    attempt(() => decodeURIComponent(text.replaceAll('+', ' '))),
    ...[...text.matchAll(/[A-Za-z0-9+/_-]{8,}/g)].flatMap(([run]) => [Buffer.from(run, 'base64'), Buffer.from(run, 'hex')].map(String)),
  ];
  return decoded.some((seen) => seen?.includes(bytes.toString('utf8')));
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

describe('what leaves the process', () => {
  test.each(Object.entries(WAYS))('shows no secret as %s', (_way, put) => {
    fc.assert(
      fc.property(fc.string({ minLength: 10, maxLength: 40, unit: 'grapheme' }), (random) => {
        const secret = rememberSecret(`${random.trim()}-${b64(random).slice(0, 12)}`.toWellFormed());
        const text = put(secret);
        const left = withoutSecrets(text);
        expect(left).toContain('[secret]');
        expect(shows(left, secret)).toBe(false);
      }),
      { numRuns: 30, endOnFailure: true },
    );
  });

  test('is the same JSON but for the secret, a line a line', () => {
    const secret = rememberSecret('p"a\\ss\nword/ü+ =?');
    const line = JSON.stringify({ level: 30, msg: `it was ${secret}, again ${secret}`, deep: { [secret]: [secret] } });
    const left = withoutSecrets(line);
    expect(JSON.parse(left)).toEqual({ level: 30, msg: 'it was [secret], again [secret]', deep: { '[secret]': ['[secret]'] } });
    expect(left.split('\n')).toHaveLength(1);
  });

  test('shows no part of a key ring, a PEM or a signing secret', () => {
    const ring = ['a', 'b'].map((id) => `${id}:${b64('k'.repeat(31) + id)}`);
    rememberSecret(ring.join(','));
    const pem = '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIHJ5c3RhbGxpbmUgc2VjcmV0IGtleSBieXRlcyE\n-----END PRIVATE KEY-----';
    rememberSecret(pem);
    rememberSecret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
    const parts = [...ring.map((entry) => entry.slice(2)), pem.split('\n')[1] ?? '', 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'];
    for (const part of parts) expect(withoutSecrets(`bad key ${part}!`)).toBe('bad key [secret]!');
  });

  test('shows no password of a URL, whose name may be part of any other text', () => {
    rememberUserInfo('http://proxy-user:p%40ss-word@proxy.example:3128');
    expect(withoutSecrets('cannot reach http://proxy-user:p%40ss-word@proxy.example: p@ss-word')).toBe(
      'cannot reach http://proxy-user:[secret]@proxy.example: [secret]',
    );
  });

  test('loses nothing else: what is too short to be told from words stays', () => {
    rememberSecret('true');
    expect(withoutSecrets('{"level":30,"ok":true}')).toBe('{"level":30,"ok":true}');
    expect(SHORTEST_SECRET).toBeGreaterThan(4);
  });
});
