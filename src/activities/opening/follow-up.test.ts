import { describe, expect, test } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import { type FollowUp, FollowUpSchema } from '../../contracts/request.js';
import type { ActivityDependencies } from '../dependencies.js';
import { refuseImpossibleFollowUp } from './follow-up.js';

const dependencies = {
  ledger: {
    serverClock: { now: async () => Date.parse('2026-01-05T08:00:00Z') },
    trailVotes: { of: async () => [], knownOurs: async () => [] },
  },
  qualys: { username: 'demo', identityHints: () => [] },
  schedules: { userId: '7', timezone: 'Europe/Berlin' },
} as unknown as ActivityDependencies;

const SCHEDULE = { kind: 'schedule', on: 'always' };

async function refused(followUp: FollowUp | undefined): Promise<ApplicationFailure | undefined> {
  try {
    await refuseImpossibleFollowUp(dependencies, { runId: 'r', followUp });
    return undefined;
  } catch (error) {
    if (error instanceof ApplicationFailure) return error;
    throw error;
  }
}

describe('a run is not opened when its follow-up', () => {
  test.each([
    [{ scheduleType: 'ONE_TIME', startDate: '2026-01-05', startTime: '08:30' }, 'startDate', 'the start, 2026-01-05 08:30, is in the past'],
    [{ scheduleType: 'DAILY', endDate: '2026-01-04' }, 'endDate', '2026-01-04 is too early: it can start on 2026-01-05 at the earliest'],
    [{ scheduleType: 'WEEKLY', daysOfWeek: ['SUN'], endDate: '2026-01-10' }, 'daysOfWeek', 'no SUN between 2026-01-05 and 2026-01-10'],
  ])('is impossible: %j', async (schedule, field, problem) => {
    const failure = await refused(FollowUpSchema.parse({ ...SCHEDULE, ...schedule }));
    expect(failure).toMatchObject({ type: 'InvalidRequest', nonRetryable: true });
    expect(failure?.message).toMatch(new RegExp(`^followUp.${field}: ${problem}.* Nothing was sent\\.$`));
    expect(failure?.details).toEqual([[{ path: `followUp.${field}`, problem: expect.stringContaining(problem) }]]);
  });
});

describe('a run is opened when its follow-up', () => {
  test.each([
    [{ ...SCHEDULE, scheduleType: 'ONE_TIME', startDate: '2026-01-05', startTime: '09:30' }],
    [{ ...SCHEDULE, scheduleType: 'ONE_TIME', startDate: '2026-01-05' }],
    [{ ...SCHEDULE, scheduleType: 'HOURLY', hourlyInterval: 1, startTime: '02:00' }],
    [{ kind: 'recheck', on: 'always', after: '1d' }],
  ])('may still come: %j', async (followUp) => {
    expect(await refused(FollowUpSchema.parse(followUp))).toBeUndefined();
  });

  test('was not asked for', async () => {
    expect(await refused(undefined)).toBeUndefined();
  });
});
