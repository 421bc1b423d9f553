import { expect, test } from '@jest/globals';
import { jobSearchIsDue } from './job-search.js';

const MINUTE = 60_000;
const facts = { now: 10 * MINUTE, acceptedAt: 0, decidesAt: [60 * MINUTE] };

test.each<[string, Partial<Parameters<typeof jobSearchIsDue>[0]>, boolean]>([
  ['never looked for', {}, true],
  ['looked for a quarter of its age ago', { soughtAt: 8 * MINUTE }, true],
  ['looked for a moment less ago', { soughtAt: 8 * MINUTE + 1 }, false],
  ['looked for before its deadline, which has passed', { now: 60 * MINUTE, soughtAt: 59 * MINUTE }, true],
  ['looked for at its deadline', { now: 61 * MINUTE, soughtAt: 60 * MINUTE }, false],
])('a job that was %s', (_, changes, isDue) => {
  expect(jobSearchIsDue({ ...facts, ...changes })).toBe(isDue);
});

test('one that never appears within six hours is searched for some thirty times, not at each of 720 polls', () => {
  const searches: number[] = [];
  for (let now = 30_000; now <= 360 * MINUTE; now += 30_000) {
    const isDue = jobSearchIsDue({ now, acceptedAt: 0, soughtAt: searches.at(-1), decidesAt: [360 * MINUTE] });
    if (isDue) searches.push(now);
  }
  expect(searches.length).toBeLessThan(35);
});
