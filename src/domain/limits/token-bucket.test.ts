import { describe, expect, test } from '@jest/globals';
import { type Bucket, type Rate, takeToken } from './token-bucket.js';

const RATE: Rate = { perSecond: 2, burst: 3 };

function take(bucket: Bucket, times: number, nowMs: number): { bucket: Bucket; waits: (number | undefined)[] } {
  const waits: (number | undefined)[] = [];
  let now = bucket;
  for (let n = 0; n < times; n += 1) {
    const taken = takeToken(now, RATE, nowMs);
    now = taken.bucket;
    waits.push(taken.waitMs);
  }
  return { bucket: now, waits };
}

describe('a token bucket', () => {
  test('gives its burst at once, then says when the next one is there', () => {
    const { bucket, waits } = take({ left: 3, atMs: 0 }, 4, 0);
    expect(waits).toEqual([undefined, undefined, undefined, 500]);
    expect(take(bucket, 1, 499).waits).toEqual([1]);
    expect(take(bucket, 2, 500).waits).toEqual([undefined, 500]);
  });

  test('never holds more than its burst, and whoever is refused loses nothing', () => {
    expect(take({ left: 0, atMs: 0 }, 4, 3_600_000).waits).toEqual([undefined, undefined, undefined, 500]);
    const refused = take({ left: 0, atMs: 0 }, 100, 400).bucket;
    expect(take(refused, 1, 500).waits).toEqual([undefined]);
  });

  test('takes a clock that goes back for one that stands still', () => {
    const { bucket } = take({ left: 3, atMs: 10_000 }, 3, 10_000);
    expect(take(bucket, 1, 0).waits).toEqual([500]);
    expect(take(bucket, 1, 10_500).waits).toEqual([undefined]);
  });
});
