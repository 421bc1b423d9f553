import { createHmac } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { verify as octokitVerifies } from '@octokit/webhooks-methods';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { headersOf, NOW, SECRET } from '../../../test/support/deliveries.js';
import { SYSTEMS, type System } from '../../contracts/config/hook.js';
import { SENDERS } from './index.js';
import { keyOf, verifyDelivery } from './signature.js';

const BODY = '{"ticket":{"id":"CHG0030001","generation":"2"},"reason":"ü ✓"}';

interface Given {
  headers?: Record<string, string>;
  rawHeaders?: string[];
  body?: string | Uint8Array;
  secrets?: string[];
  now?: Date;
}

function accepts(system: System, { body = BODY, secrets = [SECRET], now = NOW, ...given }: Given = {}): boolean {
  const { scheme } = SENDERS[system];
  const keys = secrets.map((secret) => {
    const read = keyOf(scheme, secret);
    if (!('key' in read)) throw new Error(read.problem);
    return read.key;
  });
  const rawHeaders = given.rawHeaders ?? Object.entries(given.headers ?? headersOf(system, body)).flat();
  return verifyDelivery(scheme, { rawHeaders, body: Buffer.from(body), keys, now }).ok;
}

const proofOf = (system: System) => SENDERS[system].scheme.proof[0]?.header ?? '';
const SIGNING = SYSTEMS.filter((system) => SENDERS[system].scheme.signed !== 'nothing');
const TIMED = SYSTEMS.filter((system) => SENDERS[system].scheme.timestamp !== undefined);

describe.each(SYSTEMS)('a delivery of %s', (system) => {
  test('is accepted as the system sends it, under the new or the old secret', () => {
    expect(accepts(system)).toBe(true);
    expect(accepts(system, { secrets: ['b2xkIHNlY3JldA==', SECRET] })).toBe(true);
    expect(accepts(system, { secrets: [SECRET, 'b2xkIHNlY3JldA=='] })).toBe(true);
    expect(accepts(system, { secrets: ['b2xkIHNlY3JldA=='] })).toBe(false);
    expect(accepts(system, { secrets: [] })).toBe(false);
  });

  test('is refused where a header of its proof, its time or its id comes twice, in whatever case', () => {
    const headers = headersOf(system, BODY);
    const { proof, timestamp, id } = SENDERS[system].scheme;
    const once = [...proof.map(({ header }) => header), timestamp?.header, id].filter((name) => name !== undefined && name in headers);
    for (const name of once as string[]) {
      expect(accepts(system, { rawHeaders: [...Object.entries(headers).flat(), name.toUpperCase(), headers[name] ?? ''] })).toBe(false);
    }
  });

  test('is refused without its proof, and where it is empty', () => {
    const { [proofOf(system)]: _proof, ...without } = headersOf(system, BODY);
    expect(accepts(system, { headers: without })).toBe(false);
    expect(accepts(system, { headers: { ...without, [proofOf(system)]: '' } })).toBe(false);
  });

  test('is accepted over bytes that are no UTF-8', () => {
    const body = Uint8Array.from([0x7b, 0xff, 0xfe, 0x00, 0x7d]);
    expect(accepts(system, { body })).toBe(true);
  });

  test('needs a secret that is not empty', () => {
    expect('key' in keyOf(SENDERS[system].scheme, '')).toBe(false);
  });
});

test.each(SIGNING)('%s: a body of one byte more or other is refused', (system) => {
  const headers = headersOf(system, BODY);
  expect(accepts(system, { headers, body: `${BODY} ` })).toBe(false);
  expect(accepts(system, { headers, body: BODY.replace('2', '3') })).toBe(false);
});

test.each(TIMED)('%s: a time outside of the tolerance is refused, either way, and so is one that is not a time', (system) => {
  const { toleranceS = 0, header = '' } = SENDERS[system].scheme.timestamp ?? {};
  for (const [offS, ok] of [
    [toleranceS, true],
    [-toleranceS, true],
    [toleranceS + 1, false],
    [-toleranceS - 1, false],
  ] as const)
    expect(accepts(system, { headers: headersOf(system, BODY, { now: new Date(NOW.getTime() + offS * 1_000) }) })).toBe(ok);
  const headers = headersOf(system, BODY);
  for (const text of [`${headers[header]}x`, `${headers[header]}.9`, '', 'now', '-1', '1e9', '2026-11-21']) {
    expect(accepts(system, { headers: { ...headers, [header]: text } })).toBe(false);
  }
});

test('Freshservice: the token may come in a header of its own, and in one of the two only', () => {
  expect(accepts('freshservice', { headers: { 'x-overhaul-token': SECRET } })).toBe(true);
  expect(accepts('freshservice', { headers: { 'x-overhaul-token': SECRET, authorization: `Bearer ${SECRET}` } })).toBe(false);
  expect(accepts('freshservice', { headers: { authorization: SECRET } })).toBe(false);
  expect('problem' in keyOf(SENDERS.freshservice.scheme, 'not sendable in a header')).toBe(true);
});

describe('published vectors', () => {
  // https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation
  test("GitHub's own", () => {
    const headers = { 'x-hub-signature-256': 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17' };
    expect(accepts('github', { headers, body: 'Hello, World!', secrets: ["It's a Secret to Everybody"] })).toBe(true);
  });

  // https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
  test("that of Standard Webhooks' own", () => {
    const headers = {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    };
    expect(accepts('standard', { headers, body: '{"test": 2432232314}', now: new Date(1614265330_000) })).toBe(true);
  });
});

describe('in 5,000 random cases', () => {
  const cases = { numRuns: 5_000, seed: 13 };
  const changed = (text: string, at: number, by: string) => text.slice(0, at % text.length) + by + text.slice((at % text.length) + 1);

  test("Standard Webhooks: the senders' own library has the same opinion", () => {
    const library = new Webhook(SECRET);
    const { at } = { at: new Date(Math.floor(Date.now() / 1_000) * 1_000) };
    const property = fc.property(fc.json(), fc.nat(), fc.constantFrom('', 'A', '='), fc.boolean(), (body, place, by, spoil) => {
      const signature = library.sign('msg_1', at, body);
      const headers = {
        'webhook-id': 'msg_1',
        'webhook-timestamp': String(at.getTime() / 1_000),
        'webhook-signature': spoil ? changed(signature, place, by) : signature,
      };
      let theirs = true;
      try {
        library.verify(body, headers);
      } catch {
        theirs = false;
      }
      return accepts('standard', { headers, body, now: at }) === theirs;
    });
    fc.assert(property, cases);
  });

  test('GitHub: so has theirs', async () => {
    const property = fc.asyncProperty(
      fc.string({ minLength: 1 }),
      fc.nat(),
      fc.constantFrom('', '0', 'F'),
      fc.boolean(),
      async (body, place, by, spoil) => {
        const signature = `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`;
        const given = spoil ? changed(signature, place, by) : signature;
        const theirs = await octokitVerifies(SECRET, body, given);
        return accepts('github', { headers: { 'x-hub-signature-256': given }, body }) === theirs;
      },
    );
    await fc.assert(property, cases);
  });

  test('a body that is not UTF-8, which their library cannot take, is accepted here', () => {
    const body = Buffer.from([0x22, 0xc3, 0x28, 0x22]);
    expect(() => new Webhook(SECRET).verify(body, headersOf('standard', body, { now: new Date() }))).toThrow();
    expect(accepts('standard', { body })).toBe(true);
  });
});

/** ServiceNow signs as Standard Webhooks do, and both Jiras sign alike. */
const SCHEMES = SYSTEMS.filter((system, at) => SYSTEMS.findIndex((other) => SENDERS[other].scheme === SENDERS[system].scheme) === at);

describe('of 100,000 spoilt proofs', () => {
  test.each(SCHEMES)('none of %s is accepted', (system) => {
    const { scheme } = SENDERS[system];
    const { [proofOf(system)]: proof = '', ...headers } = headersOf(system, BODY);
    const right = proof.split(scheme.separator ?? '\n').at(-1) ?? '';
    const read = keyOf(scheme, SECRET);
    const keys = 'key' in read ? [read.key] : [];
    const rest = Object.entries(headers).flat();
    expect(verifyDelivery(scheme, { rawHeaders: [...rest, proofOf(system), right], body: Buffer.from(BODY), keys, now: NOW }).ok).toBe(
      true,
    );
    const accepted: string[] = [];
    let spoilt = 0;
    for (const candidate of spoiling(right)) {
      if (candidate.split(scheme.separator ?? '\n').includes(right)) continue;
      const rawHeaders = [...rest, proofOf(system), candidate];
      if (verifyDelivery(scheme, { rawHeaders, body: Buffer.from(BODY), keys, now: NOW }).ok) accepted.push(candidate);
      spoilt += 1;
      if (spoilt === 100_000) break;
    }
    expect(accepted).toEqual([]);
  });
});

/** Without an end: bits turned, cut, doubled, in another case or alphabet, of another algorithm or secret, in arrays and with blanks. */
function* spoiling(right: string): Generator<string> {
  let state = 13;
  const upTo = (limit: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >> 8) % limit;
  };
  const CHARACTERS = '0123456789abcdefABCDEF+/=-_ghzGHZ.,; \t\u0000é';
  const prefix = /^[^=,]*[=,]/.exec(right)?.[0] ?? '';
  const at = (change: (from: string, place: number) => string) => change(right, upTo(right.length));
  const ways: (() => string)[] = [
    () => at((from, place) => from.slice(0, place) + String.fromCharCode(from.charCodeAt(place) ^ (1 << upTo(7))) + from.slice(place + 1)),
    () => at((from, place) => from.slice(0, place) + CHARACTERS[upTo(CHARACTERS.length)] + from.slice(place + 1)),
    () => at((from, place) => from.slice(0, place) + CHARACTERS[upTo(CHARACTERS.length)] + from.slice(place)),
    () => at((from, place) => from.slice(0, place)),
    () => at((from, place) => from.slice(place)),
    () => at((from, place) => from.slice(0, place) + from.slice(place + 1 + upTo(4))),
    () => right.toUpperCase(),
    () => right.toLowerCase(),
    () => right.replace('sha256=', 'sha1=').replace('v1', `v${upTo(9)}`),
    () => `${right}${right}`,
    () => JSON.stringify([right]),
    () => ` ${right}`,
    () => `${right} =`,
    () => `${right}${'='.repeat(1 + upTo(3))}`,
    () => right.replaceAll('+', '-').replaceAll('/', '_'),
    () =>
      prefix +
      createHmac('sha256', `secret ${upTo(1_000_000)}`)
        .update(BODY)
        .digest(upTo(2) === 0 ? 'hex' : 'base64'),
    () => prefix + createHmac('sha1', SECRET).update(BODY).digest('hex'),
    () => prefix + Buffer.from(String(upTo(1_000_000))).toString('base64'),
  ];
  for (;;) yield (ways[upTo(ways.length)] ?? (() => ''))();
}
