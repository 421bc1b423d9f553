import { describe, expect, test } from '@jest/globals';
import { readCarAsset } from './assets.js';
import { lastSeenOf } from './last-seen.js';

describe('when an agent was last seen', () => {
  test.each([
    [
      'GAV: the later of check-in and activity',
      { agent: { lastCheckedIn: 1_777_352_192_086, lastActivity: 1_777_352_100_000 } },
      1_777_352_192_086,
    ],
    [
      'GAV: any sensor, where the agent has no word',
      { agent: { lastCheckedIn: -1 }, sensorLastUpdatedDate: '2026-04-28T04:56:32.000Z' },
      1_777_352_192_000,
    ],
    [
      'GAV: the agent before any sensor',
      { agent: { lastCheckedIn: 1_700_000_000_000 }, sensorLastUpdatedDate: '2026-04-28T04:56:32.000Z' },
      1_700_000_000_000,
    ],
    ['EDR: the report', { lastReportedTime: '2024-04-12T06:37:25.434+0000', timeStamp: '2025-01-01T00:00:00.000+0000' }, 1_712_903_845_434],
    ['CAR: as asset jobs spell it', { lastCheckedIn: 1_777_352_192_086 }, 1_777_352_192_086],
    ['digits in text', { lastCheckedInDate: '1777352192086' }, 1_777_352_192_086],
    ['nothing', { lastModifiedDate: '2026-04-28T04:56:32.000Z', createdDate: '2020-01-01T00:00:00Z', agent: null }, undefined],
    ['never', { agent: { lastCheckedIn: 0, lastActivity: -1 } }, undefined],
    ['no instant', { lastCheckedIn: 'yesterday', agent: { lastActivity: {} } }, undefined],
  ])('%s', (_, row, at) => {
    expect(lastSeenOf(row)).toBe(at);
  });

  test('is with the rows of CAR that tell it, and absent from others', () => {
    const car = { assetId: 1, name: 'web-1', tags: [] };
    expect([readCarAsset({ ...car, lastCheckedIn: 1_777_352_192_086 }).row, readCarAsset(car).row]).toEqual([
      { assetId: '1', name: 'web-1', tags: [], lastSeenAt: 1_777_352_192_086 },
      { assetId: '1', name: 'web-1', tags: [] },
    ]);
  });
});
