import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { asksToWait, limitSignals, serverTimeMs } from './limit-headers.js';

describe('limitSignals', () => {
  test('reads the gateway regime', () => {
    const headers = {
      'X-RateLimit-Limit': '300',
      'X-RateLimit-Window-Sec': '3600',
      'X-RateLimit-Remaining': '0',
      'X-RateLimit-ToWait-Sec': '240',
    };
    expect(limitSignals(headers)).toEqual({ limit: 300, windowSec: 3600, remaining: 0, toWaitSec: 240 });
  });

  test.each([
    ['X-Concurrency-Limit-Limit', 'X-Concurrency-Limit-Running'],
    ['X-ConcurrencyLimit-Limit', 'X-ConcurrencyLimit-Running'],
    ['x-concurrency-limit-limit', 'x-concurrency-limit-running'],
  ])('reads the older regime as %s', (limit, running) => {
    expect(limitSignals({ [limit]: '2', [running]: '1' })).toEqual({ concurrencyLimit: 2, concurrencyRunning: 1 });
  });

  test('reads Retry-After as seconds', () => {
    expect(limitSignals({ 'retry-after': '17' })).toEqual({ toWaitSec: 17 });
  });

  test("reads Retry-After as a date against the answer's own clock, rounded up", () => {
    const headers = { date: 'Fri, 01 May 2026 12:00:00 GMT', 'retry-after': 'Fri, 01 May 2026 12:01:30 GMT' };
    expect(limitSignals(headers)).toEqual({ toWaitSec: 90 });
    expect(limitSignals({ ...headers, 'retry-after': 'Fri, 01 May 2026 11:00:00 GMT' })).toEqual({ toWaitSec: 0 });
  });

  describe('an instant is waited for by the clock that is behind, so that one that is wrong cuts no wait short', () => {
    afterEach(() => void jest.restoreAllMocks());

    test.each([
      ['both clocks right', 0, 0, 90],
      ['a Date ten minutes ahead', 10, 0, 90],
      ['a Date ten minutes behind', -10, 0, 690],
      ['this machine ten minutes ahead', 0, 10, 90],
      ['this machine ten minutes behind', 0, -10, 690],
    ])('%s', (_, dateOffMin, machineOffMin, toWaitSec) => {
      const now = Date.parse('2026-05-01T12:00:00Z');
      jest.spyOn(Date, 'now').mockReturnValue(now + machineOffMin * 60_000);
      const date = new Date(now + dateOffMin * 60_000).toUTCString();
      const until = now + 90_000;
      expect(limitSignals({ date, 'retry-after': new Date(until).toUTCString() }, 429)).toEqual({ toWaitSec });
      expect(limitSignals({ date, 'x-ratelimit-reset': String(until / 1_000) }, 429)).toEqual({ toWaitSec });
    });
  });

  test('takes the longer of two waits', () => {
    expect(limitSignals({ 'x-ratelimit-towait-sec': '5', 'retry-after': '9' })).toEqual({ toWaitSec: 9 });
    expect(limitSignals({ 'x-ratelimit-towait-sec': '50', 'retry-after': '9' })).toEqual({ toWaitSec: 50 });
  });

  test.each([
    ['X-RateLimit-Window', { 'x-ratelimit-window': '60' }, { windowSec: 60 }],
    [
      'X-ConcurrencyLimit',
      { 'x-concurrencylimit': '2', 'x-concurrency-limit-running': '2' },
      { concurrencyLimit: 2, concurrencyRunning: 2 },
    ],
    ['X-RateLimit-ToWait', { 'x-ratelimit-towait': '2 minutes' }, { toWaitSec: 120 }],
    ['values twice', { 'x-ratelimit-towait-sec': ['5', '9'], 'x-ratelimit-remaining': '0, 0' }, { toWaitSec: 9, remaining: 0 }],
  ])('reads %s', (_, headers, signals) => {
    expect(limitSignals(headers)).toEqual(signals);
  });

  test('where a window ends is a wait only for a refusal, in seconds or as an instant', () => {
    const headers = (reset: string) => ({ date: 'Fri, 01 May 2026 12:00:00 GMT', 'x-ratelimit-reset': reset });
    expect(limitSignals(headers('30'))).toEqual({});
    expect([409, 429, 503].map((status) => limitSignals(headers('30'), status))).toEqual([30, 30, 30].map((toWaitSec) => ({ toWaitSec })));
    expect(limitSignals(headers(String(Date.parse('2026-05-01T12:01:30Z') / 1_000)), 429)).toEqual({ toWaitSec: 90 });
  });

  test('its own header that asks to wait is told from those of anybody', () => {
    expect(asksToWait({ 'X-RateLimit-ToWait-Sec': '3' })).toBe(true);
    expect(
      [{ 'x-ratelimit-towait-sec': '0' }, { 'x-ratelimit-towait-sec': '' }, { 'retry-after': '3' }, { 'x-ratelimit-reset': '3' }].map(
        asksToWait,
      ),
    ).toEqual([...[false, false, false, false]]);
  });

  test('ignores what is no number', () => {
    expect(
      limitSignals({ 'x-ratelimit-remaining': '', 'x-ratelimit-towait-sec': '-3', 'retry-after': 'soon', 'x-ratelimit-limit': 'many' }),
    ).toEqual({});
    expect(limitSignals({})).toEqual({});
  });

  test('reads the server time, if any', () => {
    expect(serverTimeMs({ date: 'Fri, 01 May 2026 12:00:00 GMT' })).toBe(Date.parse('2026-05-01T12:00:00Z'));
    expect(serverTimeMs({ date: 'yesterday' })).toBeUndefined();
    expect(serverTimeMs({})).toBeUndefined();
  });
});
