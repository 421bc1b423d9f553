import { describe, expect, test } from '@jest/globals';
import type { FoundSchedule } from '../../../qualys/wire/schedules.js';
import { createScheduleOnce, type ScheduleClient } from './once.js';

const CONTENT = {
  ...{ scriptIds: ['7'], assetIds: ['1'], scheduleType: 'ONE_TIME' },
  ...{ startDate: '2026-02-01', startTime: '03:00:00', endDate: '2026-02-01' },
};
const REQUEST = {
  ...{ title: 'Once', description: '' },
  scripts: [{ id: '7', title: 'Patch' }],
  assets: [{ UUId: 'agent-1', id: '1' }],
  scheduleType: 'ONE_TIME' as const,
  ...{ startDate: '2026-02-01', startTime: '03:00:00', endDate: '2026-02-01' },
  user: { id: 'u', name: 'demo' },
};
const same = { id: 'same', title: 'Once', content: CONTENT };
const other = { id: 'other', title: 'Once', content: { ...CONTENT, startTime: '04:00:00' } };
const brief = { id: 'brief', title: 'Once', content: { startDate: '2026-02-01' } };

/** What is told of a title under which Qualys lists these schedules. */
async function fate(listed: readonly FoundSchedule[], details: Record<string, FoundSchedule['content']> = {}) {
  const qualys = {
    findSchedules: async () => [...listed],
    schedule: async (id: string) => (details[id] ? { id, title: '', content: details[id] } : undefined),
    createSchedule: async () => {
      throw new Error('sent');
    },
  } as unknown as ScheduleClient;
  return createScheduleOnce(qualys, { request: REQUEST, content: CONTENT }, { pause: async () => undefined });
}

describe('a title under which Qualys lists several schedules', () => {
  test.each([
    ['another one before the same', [other, same], { scheduleId: 'same', match: { kind: 'identical' } }],
    ['one that shows little before the same', [brief, same], { scheduleId: 'same', match: { kind: 'identical' } }],
    [
      'another one before one that shows little',
      [other, brief],
      { scheduleId: 'brief', match: { kind: 'unverified', field: 'scriptIds' } },
    ],
    ['others only', [other], { scheduleId: 'other', match: { kind: 'differs', field: 'startTime' } }],
  ])('is looked at whole: %s', async (_, listed, expected) => {
    expect(await fate(listed)).toMatchObject({ kind: 'exists', ...expected });
  });

  test('is told apart by what the detail shows, and what the list showed beside it', async () => {
    const { startDate: _, ...rest } = CONTENT;
    expect(await fate([other, brief], { brief: rest })).toMatchObject({ scheduleId: 'brief', match: { kind: 'identical' } });
  });
});
