// The audit trail of scripts (docs/qualys-api.md#audit-trail): no envelope, other names, totals at the top.
import { z } from 'zod';
import { compact, Envelope, epochMs, idText, lenient, type RawList, text, wholeNumber } from './common.js';

const CustomField = z.looseObject({ key: text, value: text });

export const AuditRow = z
  .looseObject({
    id: idText,
    userName: text,
    userUuid: text,
    createdDate: epochMs,
    targetName: text,
    action: text,
    customFields: z
      .array(CustomField.catch({ key: undefined, value: undefined }))
      .nullish()
      .catch(undefined),
  })
  .transform((row) =>
    compact({
      id: row.id,
      at: row.createdDate ?? 0,
      user: row.userName ?? '',
      userUuid: row.userUuid,
      action: row.action ?? '',
      targetName: row.targetName ?? '',
      targetId: row.customFields?.find((field) => field.key === 'targetId')?.value,
    }),
  );

const ActivityPage = z.looseObject({ auditRecords: z.array(z.unknown()).nullish(), totalCount: lenient(wholeNumber) });

export function auditRecordsOf(json: unknown): RawList | undefined {
  const envelope = Envelope.safeParse(json);
  const parsed = ActivityPage.safeParse(envelope.success && envelope.data.body != null ? envelope.data.body : json);
  if (!parsed.success || (parsed.data.auditRecords == null && parsed.data.totalCount === undefined)) return undefined;
  return { rows: parsed.data.auditRecords ?? [], total: parsed.data.totalCount };
}
