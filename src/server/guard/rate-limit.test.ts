import { describe, expect, test } from '@jest/globals';
import { HookLimiter, networkOf } from './rate-limit.js';

const RATE = { perSecond: 1, burst: 5 };

describe('the rate limit of a hook', () => {
  test('is for each address, and says when to come again', () => {
    const limiter = new HookLimiter();
    const refusals = Array.from({ length: 7 }, () => limiter.refusal('a', '192.0.2.1', RATE, 0));
    expect(refusals).toEqual([undefined, undefined, undefined, undefined, undefined, 1, 1]);
    expect(limiter.refusal('a', '192.0.2.2', RATE, 0)).toBeUndefined();
    expect(limiter.refusal('a', '192.0.2.1', RATE, 1_000)).toBeUndefined();
  });

  test('holds for the hook as a whole, and never for another hook', () => {
    const limiter = new HookLimiter();
    const taken = Array.from({ length: 100 }, (_, n) => limiter.refusal('a', `192.0.2.${n}`, RATE, 0)).filter((wait) => wait === undefined);
    expect(taken).toHaveLength(20);
    expect(limiter.refusal('b', '192.0.2.99', RATE, 0)).toBeUndefined();
  });

  test('keeps a bounded number of addresses', () => {
    const limiter = new HookLimiter();
    const wide = { perSecond: 1_000_000, burst: 1_000_000 };
    const narrow = { perSecond: 0.001, burst: 1 };
    const asked = () => limiter.refusal('a', '10.0.0.1', narrow, 0);
    expect([asked(), asked()]).toEqual([undefined, 1_000]);
    for (let n = 0; n < 10_000; n += 1) limiter.refusal('a', `10.1.${n >> 8}.${n & 255}`, wide, 1_000);
    // It was forgotten, so it begins again.
    expect(limiter.refusal('a', '10.0.0.1', narrow, 1_000)).toBeUndefined();
  });

  test.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:DB8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:0db8:0001::', '2001:db8:1:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ])('takes %s as %s', (address, network) => expect(networkOf(address)).toBe(network));
});
