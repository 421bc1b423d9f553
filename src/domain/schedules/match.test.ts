import { describe, expect, test } from '@jest/globals';
import { type FoundContent, matchSchedule, type ScheduleContent } from './match.js';

const ONCE: ScheduleContent = {
  scriptIds: ['7'],
  assetIds: ['1', '2'],
  scheduleType: 'ONE_TIME',
  startDate: '2026-05-11',
  startTime: '07:25:00',
  endDate: '2026-05-11',
};
const WEEKLY: ScheduleContent = { ...ONCE, scheduleType: 'WEEKLY', endDate: '2026-12-31', daysOfWeek: ['2', '5'] };
const DAILY: ScheduleContent = { ...ONCE, scheduleType: 'DAILY', endDate: '2026-12-31' };

describe('a schedule that is found under our title', () => {
  test.each<[string, ScheduleContent, FoundContent, object]>([
    ['shows all and the same', ONCE, ONCE, { kind: 'identical' }],
    ['names its assets in another order, and twice', ONCE, { ...ONCE, assetIds: ['2', '1', '2'] }, { kind: 'identical' }],
    ['shows a field that was not asked for', ONCE, { ...ONCE, recurrenceMonth: 0 }, { kind: 'identical' }],
    ['is called recurring, and has our days', WEEKLY, { ...WEEKLY, scheduleType: 'RECURRING' }, { kind: 'identical' }],
    [
      'is called recurring, which every day may be',
      DAILY,
      { ...DAILY, scheduleType: 'RECURRING' },
      { kind: 'unverified', field: 'scheduleType' },
    ],
    [
      'is called recurring, and we asked for one time',
      ONCE,
      { ...ONCE, scheduleType: 'RECURRING' },
      { kind: 'differs', field: 'scheduleType' },
    ],
    ['has another script', ONCE, { ...ONCE, scriptIds: ['8'] }, { kind: 'differs', field: 'scriptIds' }],
    ['has one asset less', ONCE, { ...ONCE, assetIds: ['1'] }, { kind: 'differs', field: 'assetIds' }],
    ['has tags besides', ONCE, { ...ONCE, otherTargets: 1 }, { kind: 'differs', field: 'assetTags' }],
    ['starts at another time', ONCE, { ...ONCE, startTime: '07:26:00' }, { kind: 'differs', field: 'startTime' }],
    ['has other days', WEEKLY, { ...WEEKLY, daysOfWeek: ['2'] }, { kind: 'differs', field: 'daysOfWeek' }],
    ['does not show its assets', ONCE, { ...ONCE, assetIds: undefined }, { kind: 'unverified', field: 'assetIds' }],
    ['shows nothing but another date', ONCE, { startDate: '2026-05-12' }, { kind: 'differs', field: 'startDate' }],
    ['shows nothing', ONCE, {}, { kind: 'unverified', field: 'scriptIds' }],
  ])('%s', (_what, asked, found, expected) => {
    expect(matchSchedule(asked, found)).toEqual(expected);
  });
});
