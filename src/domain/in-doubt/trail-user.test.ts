import { describe, expect, test } from '@jest/globals';
import { attributionsOf, certainRecords, type TrailRecord } from './attribution.js';
import { isSameUser, userByVotes, type Vote } from './trail-user.js';

const US = { name: 'FIM Automation', uuid: '317df02c-4ad1-55e2-83a3-5646a34fceec' };
const THEM = { name: 'Ada', uuid: '9bde85fb-010e-45fe-8bc0-4b55cc6c3a2a' };
const vote = (correlationUuid: string, user: Partial<typeof US> = US): Vote => ({ correlationUuid, ...user });

describe('who we are in the trail is learned', () => {
  test('from three executions that agree, and not from two, however often they are seen', () => {
    expect(userByVotes([vote('a'), vote('b'), vote('b'), vote('b')])).toBeUndefined();
    expect(userByVotes([vote('a'), vote('b'), vote('c')])).toEqual(US);
  });

  test('never while one of them contradicts the others', () => {
    expect(userByVotes([vote('a'), vote('b'), vote('c'), vote('d', THEM)])).toBeUndefined();
  });

  test('by the UUID, so that a new display name is the same user, and one name with two UUIDs is not', () => {
    const renamed = { ...US, name: 'Automation' };
    expect(userByVotes([vote('a'), vote('b'), vote('c', renamed)])).toEqual(renamed);
    expect(userByVotes([vote('a'), vote('b'), vote('c', { ...US, uuid: THEM.uuid })])).toBeUndefined();
  });

  test('by the name where the trail has no UUIDs', () => {
    expect(userByVotes(['a', 'b', 'c'].map((one) => vote(one, { name: 'FIM Automation' })))).toEqual({ name: 'FIM Automation' });
  });

  test('from one execution where a claim of the token says the same, and not by the claim alone', () => {
    expect(userByVotes([vote('a')], ['demo', US.uuid])).toEqual(US);
    expect(userByVotes([vote('a')], ['demo', THEM.uuid])).toBeUndefined();
    expect(userByVotes([], [US.uuid])).toBeUndefined();
  });

  test('from no record without a user: nobody is the same as nobody', () => {
    expect(isSameUser({ name: '' }, { name: ' ' })).toBe(false);
    expect(userByVotes(['a', 'b', 'c'].map((one) => vote(one, { name: '' })))).toBeUndefined();
  });
});

describe('the record of a job is beyond doubt', () => {
  const ours = (at: number): TrailRecord => ({ at, ...US });
  const theirs = (at: number): TrailRecord => ({ at, ...THEM });
  const jobs = (...createdAt: number[]) => createdAt.map((at, index) => ({ jobId: `J${index + 1}`, createdAt: at }));
  const certain = (created: number[], trail: TrailRecord[]) =>
    [...certainRecords(jobs(...created), trail)].map(([id, { name }]) => [id, name]);

  test.each<[string, number[], TrailRecord[], [string, string][]]>([
    ['when it is alone', [0], [ours(1_000)], [['J1', 'FIM Automation']]],
    [
      'when the next of another user is five seconds further',
      [0, 6_500],
      [ours(500), theirs(7_000)],
      [
        ['J1', 'FIM Automation'],
        ['J2', 'Ada'],
      ],
    ],
    ['not when another user has one within five seconds more', [0, 3_000], [ours(500), theirs(3_500)], []],
    ['not when our own record is missing and only theirs is there', [0, 1_000], [theirs(1_400)], []],
    ['not when it is more than five seconds away', [0], [theirs(6_000)], []],
    ['not when the pairs cross', [0, 6_000], [theirs(10_900), ours(14_000)], []],
  ])('%s', (_, created, trail, expected) => {
    expect(certain(created, trail)).toEqual(expected);
  });

  test('and a learned user makes the attribution speak where the login would not', () => {
    const trail = [ours(100), theirs(8_100)];
    expect([...attributionsOf(jobs(0, 8_000), trail, { name: 'quays_ab1' }).values()]).toEqual(['foreign', 'foreign']);
    expect([...attributionsOf(jobs(0, 8_000), trail, US).values()]).toEqual(['ours', 'foreign']);
  });
});
