// What policy says is never touched, as ids of CAR assets.
import type { Policy } from '../schema/policy.js';
import type { ActivityDependencies } from './dependencies.js';
import type { AssetsByKey, Finding } from './find-assets-by-key.js';
import { assetsByTag, findByName } from './named-assets.js';
import { UnresolvedTargets } from './unresolved-targets.js';

type ReadingWith = Pick<ActivityDependencies, 'ledger' | 'qualys' | 'policy'>;

interface Reading extends Finding {
  /** Of the request. */
  assetIds: readonly string[] | undefined;
  lookup: AssetsByKey;
}

/**
 * The ids of everything that policy says is never touched, whatever name it goes by. A row that cannot be understood has no id that any other
 * search could bring into the cohort; ids that the request gives are taken unseen, so there it could be one of them: then nothing is sent.
 */
export async function neverTouched(dependencies: ReadingWith, reading: Reading): Promise<string[]> {
  const { neverTouch } = dependencies.policy;
  const assetIds = [...neverTouch.assetIds];
  let unreadable = 0;
  const onUnreadable = (rows: number): void => {
    unreadable += rows;
  };
  for (const tagId of await tagIdsOf(dependencies, neverTouch, reading)) {
    for await (const assets of assetsByTag(dependencies.qualys, tagId, { ...reading, onUnreadable })) {
      assetIds.push(...assets.map(({ assetId }) => assetId));
    }
  }
  if (neverTouch.hostnames.length > 0) {
    const named = await findByName(reading.lookup, neverTouch.hostnames);
    assetIds.push(...[...named.found.values()].flat().map(({ assetId }) => assetId));
    onUnreadable(named.unreadable);
  }
  if (unreadable > 0) await tellUnread(dependencies, reading, unreadable);
  return assetIds;
}

async function tellUnread({ ledger }: ReadingWith, { runId, assetIds }: Reading, rows: number): Promise<void> {
  const detail = `Qualys lists ${rows} asset(s) for policy.neverTouch in rows that cannot be understood`;
  await ledger.audit.addOnce(runId, { action: 'never-touch-unread', detail });
  if (!assetIds?.length) return;
  const problem = `${detail}: whether one of these ids is among them cannot be told. Name what is never touched by policy.neverTouch.assetIds`;
  throw new UnresolvedTargets([{ path: 'targets.assetIds', problem }]);
}

/** Tags by id or exact name; names are looked up in the list of tags, as assets show ids only. Two tags may bear one name: both are meant. */
async function tagIdsOf({ qualys, ledger }: ReadingWith, { tags }: Policy['neverTouch'], { runId, onPage }: Finding): Promise<string[]> {
  const ids = tags.filter((tag) => /^\d+$/.test(tag));
  const names = new Set(tags.filter((tag) => !/^\d+$/.test(tag)).map((name) => name.toLowerCase()));
  if (names.size === 0) return ids;
  const unknown = new Set(names);
  let unreadable = 0;
  for await (const page of qualys.searchTags({ runId })) {
    onPage({ source: 'tags', rows: page.rows.length });
    unreadable += page.unreadable ?? 0;
    for (const { tagId, name } of page.rows) {
      if (!names.has(name.toLowerCase())) continue;
      ids.push(tagId);
      unknown.delete(name.toLowerCase());
    }
  }
  if (unknown.size > 0 && unreadable > 0) {
    const problem = `${[...unknown].join(', ')}: Qualys lists no such tag, and ${unreadable} in rows that cannot be understood. Give the ids of these tags`;
    throw new UnresolvedTargets([{ path: 'policy.neverTouch.tags', problem }]);
  }
  if (unknown.size > 0) {
    const detail = `policy.neverTouch names tags that Qualys does not list: ${[...unknown].join(', ')}`;
    await ledger.audit.add(runId, { action: 'unknown-tags', detail });
  }
  return ids;
}
