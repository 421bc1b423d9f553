// Parent jobs and their asset jobs, v1 and v2, 2022 to 2026 (docs/qualys-api.md#jobs).
import { z } from 'zod';
import { toldInstant } from '../../domain/clock/instant.js';
import type { AssetJobRow } from '../types.js';
import { compact, epochMs, flag, idText, lenient, type ReadRow, someId, text } from './common.js';
import { bytesOf, exitCodeOf, flagOf, idOf, isRecord, NO_ID, textOf } from './values.js';

const Created = lenient(z.object({ dateTime: epochMs }));

export const ScriptJobRow = z
  .object({
    id: idText,
    scriptId: someId,
    correlationUuid: text,
    created: Created,
    isTest: flag,
    test: flag,
    schedulerId: text,
    executionType: text,
  })
  .transform((row) =>
    compact({
      id: row.id,
      scriptId: row.scriptId ?? '',
      correlationUuid: row.correlationUuid ?? '',
      createdAt: row.created?.dateTime ?? 0,
      isTest: row.isTest ?? row.test ?? false,
      schedulerId: row.schedulerId,
      executionType: row.executionType,
    }),
  );

/**
 * A row without job id or asset id belongs to nothing and is refused; all else may be missing. By hand and not by a schema: a walk reads
 * millions of these, and a schema's own objects cost it more than the rows (jobs.test.ts compares both).
 */
export function readAssetJob(raw: unknown): ReturnType<ReadRow<AssetJobRow>> {
  if (!isRecord(raw)) return { problem: 'row: is no object' };
  const job = isRecord(raw['job']) ? raw['job'] : {};
  const asset = isRecord(raw['asset']) ? raw['asset'] : {};
  const [jobId, assetId] = [idOf(job['id']), idOf(asset['id'])];
  if (jobId === undefined || assetId === undefined) {
    const missing = [...(jobId === undefined ? ['job.id'] : []), ...(assetId === undefined ? ['asset.id'] : [])];
    return { problem: missing.map((path) => `${path}: ${NO_ID}`).join('; ') };
  }
  const { output, created } = raw;
  // What is absent stays absent (docs/qualys-api.md#envelopes-and-ids), and always in this order: rows of one shape are read fastest.
  const row: AssetJobRow = { id: idOf(raw['id']) ?? `${jobId}/${assetId}`, jobId, assetId, status: textOf(raw['status']) ?? '' };
  give(row, 'correlationUuid', textOf(job['correlationUuid']));
  give(row, 'assetName', textOf(asset['name']));
  give(row, 'agentUuid', textOf(asset['agentUuid']));
  give(row, 'exitCode', isRecord(output) ? exitCodeOf(output['code']) : undefined);
  give(row, 'createdAt', isRecord(created) ? toldInstant(created['dateTime']) : undefined);
  give(row, 'startedAt', toldInstant(raw['executionStartTime']));
  give(row, 'finishedAt', toldInstant(raw['executionEndTime']));
  give(row, 'endedAt', toldInstant(raw['enddate']) ?? toldInstant(raw['endDate']));
  give(row, 'disconnected', flagOf(raw['isAssetDisconnected']));
  give(row, 'checkedInAt', toldInstant(raw['lastCheckedIn']));
  // As GAV spells it; no sample of an asset job has it.
  give(row, 'bootedAt', toldInstant(raw['lastBoot']));
  give(row, 'output', bytesOf(raw['scriptResult']));
  return { row };
}

function give<Key extends keyof AssetJobRow>(row: AssetJobRow, key: Key, value: AssetJobRow[Key] | undefined): void {
  if (value !== undefined) row[key] = value;
}
