// Scripts as the detail and search endpoints print them (docs/qualys-api.md#scripts).
import { z } from 'zod';
import { normalisedStatus } from '../../domain/verdict/asset-job.js';
import { compact, Envelope, idText, text } from './common.js';

/**
 * One script. `content` is base64 and only in the detail answer; detail says `scriptStatus`, search says `status`
 * (docs/qualys-api.md#scripts).
 */
export const ScriptRow = z
  .looseObject({ id: idText, title: text, name: text, status: text, scriptStatus: text, platform: text, content: text })
  .transform((row) =>
    compact({
      id: row.id,
      title: row.title ?? row.name ?? '',
      status: normalisedStatus(row.status ?? row.scriptStatus ?? ''),
      platform: normalisedStatus(row.platform ?? ''),
      content: row.content,
    }),
  );

/** The detail answer: enveloped as in the sample, or bare. */
export function scriptOf(json: unknown): z.output<typeof ScriptRow> | undefined {
  const envelope = Envelope.safeParse(json);
  const parsed = ScriptRow.safeParse(envelope.success && envelope.data.body != null ? envelope.data.body : json);
  return parsed.success ? parsed.data : undefined;
}
