// CAR assets and asset tags (docs/qualys-api.md#car-assets).
import { z } from 'zod';
import { compact, idText, someId, text } from './common.js';
import { hostNamesOf } from './host-names.js';
import { lastSeenOf } from './last-seen.js';

/** `assetId` is what `execute` takes; `id` is opaque (an address in one sample, an agent id in others). */
export const CarAssetRow = z
  .looseObject({
    assetId: idText,
    name: text,
    agentUuid: text,
    platform: text,
    operatingSystem: text,
    tags: z
      .array(z.union([idText, z.object({ id: idText }).transform((tag) => tag.id)]).catch(''))
      .nullish()
      .catch(undefined),
  })
  .transform((row) =>
    compact({
      assetId: row.assetId,
      name: row.name ?? '',
      agentUuid: row.agentUuid,
      platform: row.platform?.toUpperCase() ?? platformOf(row.operatingSystem ?? ''),
      tags: (row.tags ?? []).filter((tag) => tag !== ''),
      aliases: aliasesOf(row),
      lastSeenAt: lastSeenOf(row),
    }),
  );

/** Undefined where the row has none: most walks keep rows by the thousand. */
function aliasesOf(row: object): string[] | undefined {
  const names = hostNamesOf(row);
  return names.length > 0 ? names : undefined;
}

/** `tagId` is the number that `execute` takes; `id` is a document id. */
export const AssetTagRow = z.object({ id: someId, tagId: someId, tagUuid: text, name: text }).transform((row, ctx) => {
  const tagId = row.tagId ?? row.id;
  if (tagId === undefined) ctx.addIssue({ code: 'custom', message: 'has no tagId' });
  return { tagId: tagId ?? '', tagUuid: row.tagUuid ?? '', name: row.name ?? '' };
});

const PLATFORMS: readonly [RegExp, string][] = [
  [/windows/i, 'WINDOWS'],
  [/mac ?os|darwin|os x/i, 'MAC'],
  [/linux|centos|red ?hat|rhel|ubuntu|debian|suse|fedora|rocky|alma/i, 'LINUX'],
  [/aix|solaris|sunos|hp-ux|freebsd|unix/i, 'UNIX'],
];

/** CAR's platform word for an operating system text; undefined when it tells none. */
export function platformOf(operatingSystem: string): string | undefined {
  return PLATFORMS.find(([pattern]) => pattern.test(operatingSystem))?.[1];
}
