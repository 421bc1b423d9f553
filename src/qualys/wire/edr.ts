// EDR assets (docs/qualys-api.md#edr-assets): sparse rows in a bare array, the cursor in a response header.
import { z } from 'zod';
import { compact, epochMs, flag, idText, text } from './common.js';

/** One row, nearly every field optional. `raw` is the row as it came. */
export const EdrAssetRow = z
  .looseObject({
    id: idText,
    hostName: text,
    operatingSystem: text,
    platform: text,
    timeStamp: epochMs,
    lastReportedTime: epochMs,
    edrFunctionalStatus: text,
    isEDREnabled: flag,
    isPendingRestart: flag,
    lastLoggedOnUser: text,
  })
  .transform((row) =>
    compact({
      id: row.id,
      hostName: row.hostName,
      operatingSystem: row.operatingSystem,
      platform: row.platform?.toUpperCase(),
      seenAt: row.timeStamp,
      reportedAt: row.lastReportedTime,
      functionalStatus: row.edrFunctionalStatus,
      isEdrEnabled: row.isEDREnabled,
      isPendingRestart: row.isPendingRestart,
      lastLoggedOnUser: row.lastLoggedOnUser,
    }),
  );

export function bareArrayOf(json: unknown): unknown[] | undefined {
  return Array.isArray(json) ? json : undefined;
}

const CURSOR_HEADERS: ReadonlySet<string> = new Set(['searchaftervalues', 'searchaftervalue', 'searchafter']);

/**
 * The next cursor, under each documented name, in any case, with `x-` or hyphens (docs/qualys-api.md#edr-assets); `["a","b"]` is read as
 * `a,b`.
 */
export function edrCursorOf(headers: Readonly<Record<string, string | string[] | undefined>>): string | undefined {
  for (const [name, value] of Object.entries(headers)) {
    const spelled = name.toLowerCase().replace(/^x-/, '').replace(/[-_]/g, '');
    if (!CURSOR_HEADERS.has(spelled) || value === undefined) continue;
    const cursor = (Array.isArray(value) ? value.join(',') : value).replace(/[[\]"'\s]/g, '');
    if (cursor !== '') return cursor;
  }
  return undefined;
}

const CursorFields = z.looseObject({ timeStamp: epochMs, id: idText });

/** `<timeStamp in ms>,<id>` of the last row: what the sample's cursor is made of (docs/qualys-api.md#edr-assets). */
export function edrCursorOfRow(row: unknown): string | undefined {
  const parsed = CursorFields.safeParse(row);
  return parsed.success && parsed.data.timeStamp !== undefined ? `${parsed.data.timeStamp},${parsed.data.id}` : undefined;
}
