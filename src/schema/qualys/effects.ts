// Bodies and answers of the two calls with effects: execute and scheduler (E12, E13).
import { z } from 'zod';
import { Envelope, idText, lenient } from './common.js';

/** 25 entries a list: more is answered with 400 (C49). */
export const MAX_LIST_ENTRIES = 25;

const Targets = z.array(z.string().regex(/^\d+$/, 'must be digits')).max(MAX_LIST_ENTRIES);

export const ExecuteBody = z
  .strictObject({ testMode: z.literal(false), assetIds: Targets, assetTagIds: Targets, excludedAssetIds: Targets })
  .refine((body) => body.assetIds.length + body.assetTagIds.length > 0, 'names no asset and no tag');
export type ExecuteBody = z.output<typeof ExecuteBody>;

const Effect = z.looseObject({ correlationUuid: lenient(z.string().trim().min(1)), id: lenient(idText), scheduleId: lenient(idText) });

export function correlationUuidOf(json: unknown): string | undefined {
  return effectOf(json)?.correlationUuid;
}

export function scheduleIdOf(json: unknown): string | undefined {
  const effect = effectOf(json);
  return effect?.id ?? effect?.scheduleId;
}

function effectOf(json: unknown): z.output<typeof Effect> | undefined {
  const envelope = Envelope.safeParse(json);
  const parsed = Effect.safeParse(envelope.success && envelope.data.body != null ? envelope.data.body : json);
  return parsed.success ? parsed.data : undefined;
}
