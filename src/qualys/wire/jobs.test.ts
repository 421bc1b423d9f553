import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { compact, epochMs, flag, idText, lenient, someId, text } from './common.js';
import { readAssetJob } from './jobs.js';
import { bytesOf, exitCodeOf } from './values.js';

const row = (fields: object) => {
  const { startedAt, finishedAt, endedAt, checkedInAt, bootedAt } = readAssetJob({ job: { id: 1 }, asset: { id: 2 }, ...fields }).row ?? {};
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

test.each([
  [{ job: { id: 1 }, asset: {} }, 'asset.id: is no id'],
  [{ job: null, asset: { id: '' } }, 'job.id: is no id; asset.id: is no id'],
  [{ job: { id: 2 ** 53 }, asset: { id: 1 } }, 'job.id: is no id'],
  [null, 'row: is no object'],
  [[{ job: { id: 1 }, asset: { id: 2 } }], 'row: is no object'],
])('a row that belongs to nothing is refused, in words without its content: %j', (raw, problem) => {
  expect(readAssetJob(raw)).toEqual({ problem });
});

/** The row as a schema would have it: slower, and plain to read. */
const Schema = z
  .object({
    id: someId,
    status: text,
    output: lenient(z.object({ code: z.unknown().transform(exitCodeOf).optional() })),
    scriptResult: z.unknown().transform(bytesOf).optional(),
    created: lenient(z.object({ dateTime: epochMs })),
    executionStartTime: epochMs,
    executionEndTime: epochMs,
    enddate: epochMs,
    endDate: epochMs,
    isAssetDisconnected: flag,
    lastCheckedIn: epochMs,
    lastBoot: epochMs,
    job: z.object({ id: idText, correlationUuid: text }),
    asset: z.object({ id: idText, name: text, agentUuid: text }),
  })
  .transform(({ job, asset, ...found }) =>
    compact({
      id: found.id ?? `${job.id}/${asset.id}`,
      jobId: job.id,
      correlationUuid: job.correlationUuid,
      assetId: asset.id,
      assetName: asset.name,
      agentUuid: asset.agentUuid,
      status: found.status ?? '',
      exitCode: found.output?.code,
      createdAt: found.created?.dateTime,
      startedAt: found.executionStartTime,
      finishedAt: found.executionEndTime,
      endedAt: found.enddate ?? found.endDate,
      disconnected: found.isAssetDisconnected,
      checkedInAt: found.lastCheckedIn,
      bootedAt: found.lastBoot,
      output: found.scriptResult,
    }),
  );

test('whatever a row holds, it is read as the schema would read it', () => {
  const value = fc.oneof(
    ...[fc.constantFrom(null, undefined, '', ' 7 ', '0x80070005', 'YES', 'off', 'EXECUTION PASSED', 'YQ==', '2026-04-27T12:22:28')],
    ...[fc.integer(), fc.double(), fc.boolean(), fc.string(), fc.constant({}), fc.constant([])],
    fc.integer({ min: 1_600_000_000_000, max: 1_800_000_000_000 }),
  );
  const or = (record: fc.Arbitrary<unknown>) => fc.oneof({ weight: 6, arbitrary: record }, value);
  const id = fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 1 }) }, value);
  const raw = fc.record(
    {
      ...{ id: value, status: value, scriptResult: value, executionStartTime: value, executionEndTime: value, enddate: value },
      ...{ endDate: value, isAssetDisconnected: value, lastCheckedIn: value, lastBoot: value },
      output: or(fc.record({ code: value }, { requiredKeys: [] })),
      created: or(fc.record({ dateTime: value }, { requiredKeys: [] })),
      job: or(fc.record({ id, correlationUuid: value }, { requiredKeys: ['id'] })),
      asset: or(fc.record({ id, name: value, agentUuid: value }, { requiredKeys: ['id'] })),
    },
    { requiredKeys: ['job', 'asset'] },
  );
  let understood = 0;
  fc.assert(
    fc.property(raw, (given) => {
      const parsed = Schema.safeParse(given);
      understood += parsed.success ? 1 : 0;
      expect(readAssetJob(given).row).toEqual(parsed.success ? parsed.data : undefined);
    }),
    { numRuns: 500 },
  );
  expect(understood).toBeGreaterThan(50);
});
