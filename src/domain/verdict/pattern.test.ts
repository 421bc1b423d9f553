import { describe, expect, test } from '@jest/globals';
import { compilePattern, MAX_PATTERN_SIZE, occursIn, patternProblem } from './pattern.js';

test.each<[string, string]>([
  ['(', 'error parsing regexp: missing closing ): `(`'],
  ['a{2000}', 'error parsing regexp: invalid repeat count: `{2000}`'],
  ['(?=x)', 'error parsing regexp: invalid or unsupported Perl syntax: `(?=`'],
  ['\\1', 'error parsing regexp: invalid escape sequence: `\\1`'],
  ['(a|b)*a(a|b){300}$', `is too large: 908 instructions of at most ${MAX_PATTERN_SIZE}. Shorten it, or make several`],
])('%s is refused in RE2’s words', (pattern, problem) => {
  expect(patternProblem(pattern)).toBe(problem);
});

test.each(['', '.*', '^FOUND:', '(?i)vulnerable:\\s*(yes|true)\\b', '\\pL+', '(a+)+$'])('%j is legal', (pattern) => {
  expect(patternProblem(pattern)).toBeUndefined();
});

test.each<[string, string, boolean]>([
  ['^b$', 'a\nb\nc', true],
  ['a.b', 'a\nb', false],
  ['\\Ab', 'a\nb', false],
  ['', '', true],
  ['FOUND', 'found', false],
])('%j in %j, lines apart: %p', (pattern, text, occurs) => {
  expect(occursIn(compilePattern(pattern), text)).toBe(occurs);
});

describe('the time for a line', () => {
  /** The least of several is that in which nothing else was running. */
  function leastMs(pattern: string, line: string): number {
    const times = Array.from({ length: 5 }, () => {
      const compiled = compilePattern(pattern);
      const start = process.cpuUsage();
      expect(occursIn(compiled, line)).toBe(false);
      const { user, system } = process.cpuUsage(start);
      return (user + system) / 1_000;
    });
    return Math.min(...times);
  }

  test.each([
    ['(a+)+$', 'a'],
    ['(a|aa)+$', 'a'],
    ['(x+x+)+y', 'x'],
  ])('grows with its length and no faster: %s', (pattern, letter) => {
    const [eighth, whole] = [131_072, 1_048_576].map((length) => leastMs(pattern, `${letter.repeat(length)}!`)) as [number, number];
    // Eight times as long: 8 is linear, 64 would be the square. A backtracking engine would need more than the age of the universe.
    expect(whole).toBeLessThan(24 * Math.max(eighth, 2));
  });
});
