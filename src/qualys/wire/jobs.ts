// Parent jobs and their asset jobs, v1 and v2, 2022 to 2026 (docs/qualys-api.md#jobs).
import { z } from 'zod';
import { base64Bytes, compact, epochMs, exitCode, flag, idText, lenient, someId, text } from './common.js';

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

/** A row without job id or asset id belongs to nothing and is refused; all else may be missing. */
export const AssetJobRow = z
  .object({
    id: someId,
    status: text,
    output: lenient(z.object({ code: exitCode })),
    scriptResult: base64Bytes,
    created: Created,
    executionStartTime: epochMs,
    executionEndTime: epochMs,
    enddate: epochMs,
    endDate: epochMs,
    isAssetDisconnected: flag,
    lastCheckedIn: epochMs,
    /** As GAV spells it; no sample of an asset job has it. */
    lastBoot: epochMs,
    job: z.object({ id: idText, correlationUuid: text }),
    asset: z.object({ id: idText, name: text, agentUuid: text }),
  })
  .transform((row) =>
    compact({
      id: row.id ?? `${row.job.id}/${row.asset.id}`,
      jobId: row.job.id,
      correlationUuid: row.job.correlationUuid,
      assetId: row.asset.id,
      assetName: row.asset.name,
      agentUuid: row.asset.agentUuid,
      status: row.status ?? '',
      exitCode: row.output?.code,
      createdAt: row.created?.dateTime,
      startedAt: row.executionStartTime,
      finishedAt: row.executionEndTime,
      endedAt: row.enddate ?? row.endDate,
      disconnected: row.isAssetDisconnected,
      checkedInAt: row.lastCheckedIn,
      bootedAt: row.lastBoot,
      output: row.scriptResult,
    }),
  );
