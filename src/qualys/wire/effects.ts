// Bodies and answers of the calls with effects: import, clone, execute, scheduler (docs/qualys-api.md#??).
import { z } from 'zod';
import { Envelope, idText, lenient } from './common.js';

/** 25 entries a list: more is answered with 400 (docs/qualys-api.md#execute). */
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

/** Script ids are digits: any other word in that place tells nothing of what was made. */
const scriptId = idText.refine((id) => /^\d{1,19}$/.test(id));

export function clonedIdOf(json: unknown): string | undefined {
  return scriptId.safeParse(effectOf(json)?.id).data;
}

/** An empty list is no import that succeeded: it says nothing. */
const Ids = lenient(z.array(scriptId).min(1));
const Imported = z.looseObject({ ImportedIds: Ids, importedIds: Ids });

/** `ImportedIds` or `importedIds`, bare as in the sample or under `body` (docs/qualys-api.md#import-and-clone). */
export function importedIdsOf(json: unknown): string[] | undefined {
  const envelope = Envelope.safeParse(json);
  const parsed = Imported.safeParse(envelope.success && envelope.data.body != null ? envelope.data.body : json);
  return parsed.success ? (parsed.data.ImportedIds ?? parsed.data.importedIds) : undefined;
}

/** A new script's title, strict in what is sent. The service's own rules for titles are not documented. */
export const CloneBody = z.strictObject({
  scriptTitle: z.string().trim().min(1, 'must not be empty').max(255, 'has more than 255 characters'),
});

function effectOf(json: unknown): z.output<typeof Effect> | undefined {
  const envelope = Envelope.safeParse(json);
  const parsed = Effect.safeParse(envelope.success && envelope.data.body != null ? envelope.data.body : json);
  return parsed.success ? parsed.data : undefined;
}
