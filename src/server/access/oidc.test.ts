// People of an identity provider: whose tokens count, what they may do, and what happens while the provider is away.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { exportJWK, exportSPKI, type GenerateKeyPairResult, generateKeyPair, type JWK, SignJWT, UnsecuredJWT } from 'jose';
import { type Oidc, OidcVerifier, providerReader } from './oidc.js';

const NOW = new Date('2026-11-21T12:00:00Z');
const SECONDS = NOW.getTime() / 1_000;

let pairs: Record<'first' | 'second' | 'foreign', GenerateKeyPairResult>;
let server: Server;
let issuer: string;
let published: JWK[];
let asked: string[];
let isAway = false;

const jwk = async (name: keyof typeof pairs): Promise<JWK> => ({ ...(await exportJWK(pairs[name].publicKey)), kid: name, use: 'sig' });

beforeAll(async () => {
  const pair = () => generateKeyPair('RS256', { extractable: true });
  pairs = { first: await pair(), second: await pair(), foreign: await pair() };
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    if (isAway) return void response.writeHead(503).end();
    const document = request.url?.endsWith('openid-configuration') ? { issuer, jwks_uri: `${issuer}/keys` } : { keys: published };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());
beforeEach(async () => {
  [asked, published, isAway] = [[], [await jwk('first')], false];
});

async function open() {
  const clock = { ms: 0 };
  const troubles: string[] = [];
  const { read, close } = providerReader();
  const verifier = new OidcVerifier({
    read,
    now: () => new Date(NOW.getTime() + clock.ms),
    elapsed: () => clock.ms,
    onTrouble: (problem) => troubles.push(problem),
  });
  const oidc: Oidc = { issuer, audience: 'overhaul', roles: 'groups' };
  return { verify: (token: string, more: Partial<Oidc> = {}) => verifier.verify({ ...oidc, ...more }, token), clock, troubles, close };
}

interface Written {
  claims?: Record<string, unknown>;
  key?: keyof typeof pairs;
  header?: Record<string, unknown>;
}

function token({ claims = {}, key = 'first', header = {} }: Written = {}): Promise<string> {
  const payload = { iss: issuer, aud: 'overhaul', sub: 'ada', exp: SECONDS + 600, groups: ['operator'], ...claims };
  return new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid: key, ...header }).sign(pairs[key].privateKey);
}

const ADA = { principal: { name: 'ada', role: 'operator', authenticated: true } };

describe('a token of the provider', () => {
  test('lets in by its subject, with the highest role of its groups', async () => {
    const { verify, close } = await open();
    expect(await verify(await token())).toEqual(ADA);
    expect(await verify(await token({ claims: { groups: ['viewer', 'approver', 'staff'] } }))).toMatchObject({
      principal: { role: 'approver' },
    });
    expect(await verify(await token({ claims: { aud: ['other', 'overhaul'] }, header: { typ: 'at+JWT' } }))).toEqual(ADA);
    await close();
  });

  test.each<[string, Written]>([
    ['of another issuer', { claims: { iss: 'https://elsewhere.example' } }],
    ['for another audience', { claims: { aud: 'payroll' } }],
    ['without an audience', { claims: { aud: undefined } }],
    ['that has expired', { claims: { exp: SECONDS - 61 } }],
    ['that never expires', { claims: { exp: undefined } }],
    ['that is not valid yet', { claims: { nbf: SECONDS + 61 } }],
    ['without a subject', { claims: { sub: undefined } }],
    ['of another key under that name', { key: 'foreign', header: { kid: 'first' } }],
    ['for another use', { header: { typ: 'logout+jwt' } }],
  ])('%s is refused', async (_name, written) => {
    const { verify, close } = await open();
    expect(await verify(await token(written))).toMatchObject({ kind: 'refused' });
    await close();
  });

  test('may be a minute off our clock', async () => {
    const { verify, close } = await open();
    expect(await verify(await token({ claims: { exp: SECONDS - 59, nbf: SECONDS + 59 } }))).toEqual(ADA);
    await close();
  });

  test('without a signature, or signed by HMAC with the public key as its secret, is refused', async () => {
    const { verify, close } = await open();
    const claims = { iss: issuer, aud: 'overhaul', sub: 'eve', exp: SECONDS + 600, groups: ['admin'] };
    expect(await verify(new UnsecuredJWT(claims).encode())).toMatchObject({ kind: 'refused' });
    const secret = new TextEncoder().encode(await exportSPKI(pairs.first.publicKey));
    const signed = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: 'first' }).sign(secret);
    expect(await verify(signed)).toMatchObject({ kind: 'refused' });
    published = [{ kty: 'oct', kid: 'shared', k: Buffer.from('shared secret of everybody who reads').toString('base64url') }];
    const shared = new TextEncoder().encode('shared secret of everybody who reads');
    expect(await verify(await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: 'shared' }).sign(shared))).toMatchObject({
      kind: 'refused',
    });
    for (const text of ['', 'a.b', 'a.b.c', '..', (await token()).slice(0, -3)])
      expect(await verify(text)).toMatchObject({ kind: 'refused' });
    await close();
  });

  test('of whom nothing says what they may do is of nobody', async () => {
    const { verify, close } = await open();
    for (const groups of [undefined, [], ['staff'], 'Admin', [['admin']], { admin: true }])
      expect(await verify(await token({ claims: { groups } }))).toMatchObject({ kind: 'nobody' });
    expect(await verify(await token(), { name: 'email' })).toMatchObject({ kind: 'nobody' });
    await close();
  });

  test('may name people and roles otherwise', async () => {
    const { verify, close } = await open();
    const claims = {
      email: 'ada@example.com',
      groups: ['admin'],
      realm_access: { roles: ['sec-ops'] },
      'https://x.example/roles': 'viewer operator',
    };
    const written = await token({ claims });
    expect(await verify(written, { name: 'email', roles: 'realm_access.roles', map: { 'sec-ops': 'approver' } })).toEqual({
      principal: { name: 'ada@example.com', role: 'approver', authenticated: true },
    });
    expect(await verify(written, { roles: 'https://x.example/roles' })).toEqual(ADA);
    expect(await verify(written, { map: { 'sec-ops': 'approver' } })).toMatchObject({ kind: 'nobody' });
    await close();
  });
});

describe('the keys of the provider', () => {
  test('are read once for many tokens, also of those that come at once', async () => {
    const { verify, close } = await open();
    const written = await token();
    expect(await Promise.all(Array.from({ length: 20 }, () => verify(written)))).toEqual(Array.from({ length: 20 }, () => ADA));
    expect(asked).toEqual(['/.well-known/openid-configuration', '/keys']);
    await close();
  });

  test('are read again for one that is not among them, and not for each that somebody makes up', async () => {
    const { verify, clock, close } = await open();
    await verify(await token());
    clock.ms += 31_000;
    published = [await jwk('first'), await jwk('second')];
    expect(await verify(await token({ key: 'second' }))).toEqual(ADA);
    expect(asked).toHaveLength(4);
    for (let time = 0; time < 5; time += 1) expect(await verify(await token({ key: 'foreign' }))).toMatchObject({ kind: 'refused' });
    expect(asked).toHaveLength(4);
    await close();
  });

  test('serve while the provider is away, for a day; before it was ever heard, nobody is let in and nobody called wrong', async () => {
    const { verify, clock, troubles, close } = await open();
    isAway = true;
    expect(await verify(await token())).toMatchObject({ kind: 'away' });
    isAway = false;
    clock.ms += 31_000;
    expect(await verify(await token())).toEqual(ADA);
    isAway = true;
    clock.ms += 20 * 3_600_000;
    const later = (hours: number) => token({ claims: { exp: SECONDS + hours * 3_600 } });
    expect(await verify(await later(30))).toEqual(ADA);
    clock.ms += 5 * 3_600_000;
    expect(await verify(await later(30))).toMatchObject({ kind: 'away' });
    expect(troubles.length).toBeGreaterThan(1);
    expect(troubles.join()).toContain('answered 503');
    await close();
  });

  test('of somebody who calls himself otherwise are not taken', async () => {
    const { verify, troubles, close } = await open();
    expect(await verify(await token(), { issuer: `${issuer}/` })).toMatchObject({ kind: 'away' });
    expect(troubles.join()).toContain('access.oidc.issuer must be exactly that');
    await close();
  });

  test('are asked for by the proxy of the machine', async () => {
    const through: string[] = [];
    const proxy = createServer().on('connect', (request, socket) => {
      through.push(request.url ?? '');
      socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    });
    await new Promise<void>((resolve) => void proxy.listen(0, '127.0.0.1', resolve));
    const before = { HTTPS_PROXY: process.env.HTTPS_PROXY, NO_PROXY: process.env.NO_PROXY };
    process.env.HTTPS_PROXY = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    process.env.NO_PROXY = 'direct.invalid';
    try {
      const { verify, close } = await open();
      expect(await verify(await token(), { issuer: 'https://issuer.example' })).toMatchObject({ kind: 'away' });
      expect(await verify(await token(), { issuer: 'https://direct.invalid' })).toMatchObject({ kind: 'away' });
      expect(through).toEqual(['issuer.example:443']);
      await close();
    } finally {
      for (const [name, value] of Object.entries(before)) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
      proxy.close();
    }
  });
});
