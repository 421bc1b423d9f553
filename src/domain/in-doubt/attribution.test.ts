import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { attributionsOf, calibrated, type TrailRecord } from './attribution.js';

const ours = (at: number): TrailRecord => ({ at, name: ' API-User ' });
const theirs = (at: number): TrailRecord => ({ at, name: 'someone' });
const jobs = (...createdAt: number[]) => createdAt.map((at, index) => ({ jobId: `J${index + 1}`, createdAt: at }));
const said = (created: number[], trail: TrailRecord[]) => [...attributionsOf(jobs(...created), trail, { name: 'api-user' }).values()];

describe('the audit trail says of each job whose it was', () => {
  test.each<[string, number[], TrailRecord[], string[]]>([
    ['a record of ours beside it', [0], [ours(2_000)], ['ours']],
    ["another user's record beside it", [0], [theirs(2_000)], ['foreign']],
    ['a trail without executions', [0, 5_000], [], ['silent', 'silent']],
    ['no record within 15 seconds', [0], [ours(15_001)], ['absent']],
    ['a record exactly 15 seconds away', [0], [ours(15_000)], ['ours']],
    ['two jobs and one record of ours', [0, 3_000], [ours(500)], ['ours', 'absent']],
    ['one job of each user', [0, 8_000], [ours(100), theirs(8_100)], ['ours', 'foreign']],
    ['two users at the same instant', [0, 500], [ours(100), theirs(600)], ['unclear', 'unclear']],
    ['records so late that the nearest pairs cross, though no tie', [0, 2_000], [ours(1_600), theirs(3_600)], ['unclear', 'unclear']],
    ['records so late that the nearest pairs cross', [0, 2_000], [ours(1_100), theirs(3_100)], ['unclear', 'unclear']],
    ['our record missing and the other job nearer to us than to its own record', [0, 1_000], [theirs(0)], ['unclear', 'absent']],
    ['a record of ours left over beside a foreign pair', [0], [theirs(1_000), ours(4_000)], ['unclear']],
    ['a record of ours within five seconds more', [0, 4_999], [theirs(0), ours(4_999)], ['unclear', 'ours']],
    ['a record of ours five seconds away', [0, 5_000], [theirs(0), ours(5_000)], ['foreign', 'ours']],
  ])('%s', (_, created, trail, expected) => {
    expect(said(created, trail)).toEqual(expected);
  });
});

const gaps = fc.array(fc.record({ ms: fc.integer({ min: 0, max: 20_000 }), isOurs: fc.boolean() }), { minLength: 1, maxLength: 8 });

/** What is said of jobs these gaps apart, each with its record `lagMs` later: pairs of the truth and the word. */
function saidWithLag(between: readonly { ms: number; isOurs: boolean }[], lagMs: number): [isOurs: boolean, attribution: string][] {
  let at = 0;
  const all = between.map(({ ms, isOurs }) => {
    at += ms;
    return { at, isOurs };
  });
  const trail = all.map((job) => (job.isOurs ? ours(job.at + lagMs) : theirs(job.at + lagMs)));
  const words = said(
    all.map((job) => job.at),
    trail,
  );
  return all.map(({ isOurs }, index) => [isOurs, words[index] ?? '']);
}

test('a job of ours is never foreign while the records lag by up to two seconds, in either order', () => {
  fc.assert(
    fc.property(gaps, fc.integer({ min: -2_000, max: 2_000 }), (between, lagMs) => {
      expect(saidWithLag(between, lagMs)).not.toContainEqual([true, 'foreign']);
    }),
    { numRuns: 5_000 },
  );
});

test('a foreign job is never ours while the records lag by less than half a second, in either order', () => {
  fc.assert(
    fc.property(gaps, fc.integer({ min: -499, max: 499 }), (between, lagMs) => {
      expect(saidWithLag(between, lagMs)).not.toContainEqual([false, 'ours']);
    }),
    { numRuns: 5_000 },
  );
});

describe('a trail that may name us otherwise than we do', () => {
  const isKnownOurs = (jobId: string): boolean => jobId === 'known';

  test('rules no job out: its foreign jobs are unclear', () => {
    const whose = new Map([
      ['known', 'foreign'],
      ['lost', 'foreign'],
      ['other', 'absent'],
    ] as const);
    expect([...calibrated(whose, isKnownOurs)]).toEqual([
      ['known', 'unclear'],
      ['lost', 'unclear'],
      ['other', 'absent'],
    ]);
  });

  test('is believed once it calls a job ours that is known to be', () => {
    const whose = new Map([
      ['known', 'ours'],
      ['lost', 'foreign'],
    ] as const);
    expect([...calibrated(whose, isKnownOurs)]).toEqual([
      ['known', 'ours'],
      ['lost', 'foreign'],
    ]);
  });

  test('is not believed for calling a job ours of which that is not known', () => {
    const whose = new Map([
      ['lost', 'ours'],
      ['other', 'foreign'],
    ] as const);
    expect(calibrated(whose, isKnownOurs).get('other')).toBe('unclear');
  });
});
