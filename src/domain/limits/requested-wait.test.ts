import { describe, expect, test } from '@jest/globals';
import { LONGEST_TOLD_SEC, secondsInWords, secondsOf } from './requested-wait.js';

const NOW = Date.parse('2026-05-01T12:00:00Z');

describe('a wait in a header', () => {
  test.each<[string, number | undefined]>([
    ['240', 240],
    [' 1.5 ', 1.5],
    ['0', 0],
    ['30s', 30],
    ['2 minutes', 120],
    ['1 hour, 2 minutes and 3 seconds', 3_723],
    ['500 ms', 0.5],
    [String(NOW / 1_000 + 90), 90],
    [String(NOW + 90_000), 90],
    ['Fri, 01 May 2026 12:01:30 GMT', 90],
    ['2026-05-01T12:01:30Z', 90],
    ['2026-05-01T12:01:30', 90],
    ['Fri, 01 May 2026 11:00:00 GMT', 0],
    ['30, 45', 45],
    ['900000000', LONGEST_TOLD_SEC],
    [String(NOW / 1_000 + 9_999_999), LONGEST_TOLD_SEC],
    ['', undefined],
    ['soon', undefined],
    ['-3', undefined],
    ['NaN', undefined],
    ['1e999', undefined],
    ['12 monkeys', undefined],
  ])('%p', (value, seconds) => {
    expect(secondsOf(value, [NOW])).toBe(seconds);
  });

  test('until an instant is as long as the clock that is behind says', () => {
    expect(secondsOf('Fri, 01 May 2026 12:01:30 GMT', [NOW + 600_000, NOW])).toBe(90);
  });
});

describe('a wait in words', () => {
  test.each<[string, number | undefined]>([
    ['This API cannot be run again for another 47 seconds.', 47],
    ['This API cannot be run again for another 23 hours, 57 minutes, and 54 seconds.', 86_274],
    ['Limit of 300 calls per 1 hour reached, try again in 40 seconds', 40],
    ['Script was executed 20 seconds ago; wait 1.5 minutes', 90],
    ['40 seconds remain until the next execution', 40],
    ['Script cannot be executed again within 5 minutes', 300],
    ['{"errorCode":"1965","message":"Retry after 30"}', 30],
    ['{"errorCode":"429","message":"no","retryAfter":12}', 12],
    ['<KEY>SECONDS_TO_WAIT</KEY><VALUE>68928</VALUE>', 68_928],
    ['try again in 10 s. Or wait 2 minutes!', 120],
    ['Not before 2026-05-01T12:02:00Z: try again', 120],
    ['Not before 2026-05-01 12:02:00, try again', 120],
    ['Try again after 2026-05-01T12:02:00+00:00.', 120],
    ['Wait 400 days', LONGEST_TOLD_SEC],
    ['Only one execution is allowed within the configured interval', undefined],
    ['The limit is 300 calls per 3600 seconds', undefined],
    ['Please try again later', undefined],
    ['', undefined],
  ])('%p', (words, seconds) => {
    expect(secondsInWords(words, [NOW])).toBe(seconds);
  });
});
