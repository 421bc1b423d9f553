import { describe, expect, test } from '@jest/globals';
import { type MutationKind, mutated, type Path, pathsOf } from '../../../test/support/mutations.js';
import { matchSchedule, type ScheduleContent } from '../../domain/schedules/match.js';
import { scheduleOf } from './schedules.js';

const ROW = {
  id: 'd1a22786-2ddb-4942-8dda-6a03034162f0',
  name: 'Nightly',
  scripts: [{ id: 7, title: 'Patch' }],
  assets: [
    { UUId: 'u-1', id: 101 },
    { UUId: 'u-2', id: '102' },
  ],
  assetTags: [],
  ...{ scheduleType: 'WEEKLY', startDate: '2026-05-11', startTime: '07:25:00', endDate: '2026-12-31', daysOfWeek: ['2', 5] },
};
const ASKED: ScheduleContent = {
  ...{ scriptIds: ['7'], assetIds: ['101', '102'], scheduleType: 'WEEKLY' },
  ...{ startDate: '2026-05-11', startTime: '07:25:00', endDate: '2026-12-31', daysOfWeek: ['2', '5'] },
};
const KINDS: readonly MutationKind[] = ['missing', 'null', 'other-type', 'extra'];

const matched = (json: unknown) => {
  const found = scheduleOf(json);
  return found ? matchSchedule(ASKED, found.content).kind : 'unreadable';
};

describe('a schedule that Qualys shows', () => {
  test('is the one that was asked for, under either envelope', () => {
    expect([matched(ROW), matched({ errorCode: null, body: ROW })]).toEqual(['identical', 'identical']);
  });

  test('never crashes, however two of its fields are damaged', () => {
    const paths = pathsOf(ROW);
    const damages = paths.flatMap((path) => KINDS.map((kind) => mutated(ROW, path, kind)));
    const twice = damages.flatMap((damaged) => paths.flatMap((path) => KINDS.map((kind) => mutated(damaged, path, kind))));
    expect(twice.length).toBeGreaterThan(5_000);
    expect(new Set(twice.map(matched))).toEqual(new Set(['identical', 'differs', 'unverified', 'unreadable']));
  });

  test.each<[Path]>([
    ...([[['scripts']], [['scripts', 0]], [['scripts', 0, 'id']], [['assets']], [['assets', 0]], [['assets', 1, 'id']]] satisfies [Path][]),
    ...([[['scheduleType']], [['startDate']], [['startTime']], [['endDate']], [['daysOfWeek']], [['daysOfWeek', 1]]] satisfies [Path][]),
  ])('is not taken for the same without %j', (path) => {
    expect(['differs', 'unverified']).toContain(matched(mutated(ROW, path, 'missing')));
    expect(['differs', 'unverified']).toContain(matched(mutated(ROW, path, 'null')));
  });
});
