// CAR assets and asset tags (docs/qualys-api.md#car-assets).
import { z } from 'zod';
import type { CarAsset } from '../types.js';
import { type ReadRow, someId, text } from './common.js';
import { hostNamesOf } from './host-names.js';
import { lastSeenOf } from './last-seen.js';
import { idOf, isRecord, NO_ID, textOf } from './values.js';

/**
 * `assetId` is what `execute` takes; `id` is opaque (an address in one sample, an agent id in others). A row without `assetId` is refused;
 * all else may be missing. By hand and not by a schema, as asset jobs are: a campaign reads each of its assets several times
 * (assets.test.ts compares both).
 */
export function readCarAsset(raw: unknown): ReturnType<ReadRow<CarAsset>> {
  if (!isRecord(raw)) return { problem: 'row: is no object' };
  const assetId = idOf(raw['assetId']);
  if (assetId === undefined) return { problem: `assetId: ${NO_ID}` };
  const aliases = hostNamesOf(raw);
  // What is absent stays absent (docs/qualys-api.md#envelopes-and-ids).
  const row: CarAsset = { assetId, name: textOf(raw['name']) ?? '', tags: tagsOf(raw['tags']) };
  give(row, 'agentUuid', textOf(raw['agentUuid']));
  give(row, 'platform', textOf(raw['platform'])?.toUpperCase() ?? platformOf(textOf(raw['operatingSystem']) ?? ''));
  give(row, 'aliases', aliases.length > 0 ? aliases : undefined);
  give(row, 'lastSeenAt', lastSeenOf(raw));
  return { row };
}

/** As ids, or as objects that have one; what is neither is left out. */
function tagsOf(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  const ids: string[] = [];
  for (const tag of value) {
    const id = idOf(isRecord(tag) ? tag['id'] : tag);
    if (id !== undefined) ids.push(id);
  }
  return ids;
}

function give<Key extends keyof CarAsset>(row: CarAsset, key: Key, value: CarAsset[Key] | undefined): void {
  if (value !== undefined) row[key] = value;
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
