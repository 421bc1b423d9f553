import { describe, expect, test } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { keyOf, verifyDelivery } from '../signature.js';
import { scheme } from './verify.js';

const NEW_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const OLD_SECRET = 'C2FVsBQIhrscChlQIMV+b5sSYspob7oD';
const SIGNED_AT = new Date('2026-11-21T12:00:00.900Z');
const BODY = '{"ticket":{"id":"CHG0030001","generation":"2"}}';

const bytesOf = (secret: string) => {
  const read = keyOf(scheme, secret);
  return 'key' in read ? read.key : undefined;
};
const key = (secret: string) => bytesOf(secret) ?? new Uint8Array();
const signed = (secret: string, body = BODY) => ({
  'webhook-id': 'msg_1',
  'webhook-timestamp': String(Math.floor(SIGNED_AT.getTime() / 1000)),
  'webhook-signature': new Webhook(secret).sign('msg_1', SIGNED_AT, body),
});

interface Change {
  headers?: Record<string, string>;
  secrets?: string[];
  body?: string;
  secondsLater?: number;
}
function verdictOf({ headers = signed(NEW_SECRET), secrets = [NEW_SECRET], body = BODY, secondsLater = 0 }: Change) {
  return verifyDelivery(scheme, {
    rawHeaders: Object.entries(headers).flat(),
    body: Buffer.from(body),
    keys: secrets.map(key),
    now: new Date(SIGNED_AT.getTime() + secondsLater * 1000),
  });
}

describe('a Standard Webhooks signature', () => {
  test('as the reference library signs it is accepted', () => {
    expect(verdictOf({})).toEqual({ ok: true });
  });

  test("the specification's own example is accepted", () => {
    const verdict = verifyDelivery(scheme, {
      rawHeaders: [
        ...['webhook-id', 'msg_p5jXN8AQM9LWM0D4loKWxJek'],
        ...['webhook-timestamp', '1614265330'],
        ...['webhook-signature', 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='],
      ],
      body: Buffer.from('{"test": 2432232314}'),
      keys: [key('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')],
      now: new Date(1614265330_000),
    });
    expect(verdict.ok).toBe(true);
  });

  test('while a secret is rotated the old and the new one both do, on either side', () => {
    expect(verdictOf({ headers: signed(OLD_SECRET), secrets: [NEW_SECRET, OLD_SECRET] }).ok).toBe(true);
    expect(verdictOf({ headers: signed(OLD_SECRET), secrets: [NEW_SECRET] }).ok).toBe(false);
    const both = `v1a,${'A'.repeat(86)}== ${signed(OLD_SECRET)['webhook-signature']} ${signed(NEW_SECRET)['webhook-signature']}`;
    expect(verdictOf({ headers: { ...signed(NEW_SECRET), 'webhook-signature': both } }).ok).toBe(true);
  });

  test.each([
    [300, true],
    [-300, true],
    [301, false],
    [-301, false],
  ])('%d s after signing: accepted is %s', (secondsLater, ok) => {
    expect(verdictOf({ secondsLater }).ok).toBe(ok);
  });

  test.each<[string, Change]>([
    ['a body changed by one character', { body: BODY.replace('2', '3') }],
    ['another message id', { headers: { ...signed(NEW_SECRET), 'webhook-id': 'msg_2' } }],
    ['another timestamp', { headers: { ...signed(NEW_SECRET), 'webhook-timestamp': String(Math.floor(SIGNED_AT.getTime() / 1000) - 1) } }],
    [
      'a timestamp with text after it',
      { headers: { ...signed(NEW_SECRET), 'webhook-timestamp': `${Math.floor(SIGNED_AT.getTime() / 1000)}x` } },
    ],
    ['no signature', { headers: { ...signed(NEW_SECRET), 'webhook-signature': '' } }],
    [
      'a signature of another version',
      { headers: { ...signed(NEW_SECRET), 'webhook-signature': signed(NEW_SECRET)['webhook-signature'].replace('v1,', 'v2,') } },
    ],
    ['half a signature', { headers: { ...signed(NEW_SECRET), 'webhook-signature': signed(NEW_SECRET)['webhook-signature'].slice(0, 20) } }],
    ['a header given twice', { headers: { ...signed(NEW_SECRET), 'Webhook-Id': 'msg_1' } }],
    ['no key at all', { secrets: [] }],
  ])('%s is refused', (_name, change) => {
    expect(verdictOf(change).ok).toBe(false);
  });
});

describe('the key of a secret', () => {
  test.each([
    ['whsec_AQID', [1, 2, 3]],
    ['AQID', [1, 2, 3]],
    ['AQI=', [1, 2]],
    ['AQI', [1, 2]],
  ])('%s is base64', (secret, bytes) => {
    expect([...key(secret)]).toEqual(bytes);
  });

  test.each(['', 'whsec_', 'not base64!', 'A', 'whsk_AQID'])('"%s" is none', (secret) => {
    expect(bytesOf(secret)).toBeUndefined();
  });
});
