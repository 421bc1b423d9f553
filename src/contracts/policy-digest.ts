import { createHash } from 'node:crypto';
import type { Policy } from './policy.js';

/** Two policies that say the same have the same digest: the order of keys, and of lists that name things, says nothing. */
export function policyDigest({ neverTouch, scripts, ...rest }: Policy): string {
  const sorted = {
    ...rest,
    ...(scripts ? { scripts: { allow: setOf(scripts.allow) } } : {}),
    neverTouch: {
      ...neverTouch,
      assetIds: setOf(neverTouch.assetIds),
      tags: setOf(neverTouch.tags),
      hostnames: setOf(neverTouch.hostnames),
      unknown: neverTouch.unknown ?? 'refuse',
    },
  };
  return createHash('sha256').update(JSON.stringify(sorted, byName)).digest('hex');
}

function setOf(entries: readonly string[]): string[] {
  return [...new Set(entries)].sort();
}

function byName(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}
