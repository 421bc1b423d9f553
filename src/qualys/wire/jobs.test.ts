import { expect, test } from '@jest/globals';
import { AssetJobRow } from './jobs.js';

const row = (fields: object) => {
  const { startedAt, finishedAt, endedAt, checkedInAt, bootedAt } = AssetJobRow.parse({ job: { id: 1 }, asset: { id: 2 }, ...fields });
  return { startedAt, finishedAt, endedAt, checkedInAt, bootedAt };
};

test('the instants of an asset job are the same in each form that tells them, and one that tells none is no end', () => {
  const told = {
    startedAt: 1_777_292_498_000,
    finishedAt: 1_777_292_499_000,
    endedAt: 1_777_292_548_000,
    checkedInAt: 1_777_352_192_000,
    bootedAt: 1_777_352_000_000,
  };
  const inMs = { executionStartTime: 1_777_292_498_000, executionEndTime: 1_777_292_499_000, enddate: '2026-04-27T12:22:28.000+00:00' };
  expect(row({ ...inMs, lastCheckedIn: 1_777_352_192_000, lastBoot: '2026-04-28T04:53:20.000Z' })).toEqual(told);
  const inSeconds = { executionStartTime: 1_777_292_498, executionEndTime: '1777292499', enddate: '2026-04-27T12:22:28' };
  expect(row({ ...inSeconds, lastCheckedIn: '2026-04-28 04:56:32', lastBoot: 1_777_352_000 })).toEqual(told);
  expect(row({ executionStartTime: 0, executionEndTime: -1, enddate: '', lastCheckedIn: 0 })).toEqual({});
});
