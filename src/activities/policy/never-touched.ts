// What policy says is never touched, as ids of CAR assets.

import { keepsAnything, type NeverTouch, type Policy } from '../../contracts/policy.js';
import type { Problem } from '../../contracts/request.js';
import { hostKey } from '../../domain/targets/host-names.js';
import type { ActivityDependencies } from '../dependencies.js';
import type { AssetsByKey, Finding } from '../targets/find-by-key.js';
import { assetsByTag, findHosts } from '../targets/named.js';
import { UnresolvedTargets } from '../targets/unresolved.js';
import { PolicyRefused } from './refusal.js';

type ReadingWith = Pick<ActivityDependencies, 'qualys'>;

interface Reading extends Finding {
  lookup: AssetsByKey;
}

/** As Qualys knows it now. */
export interface NeverTouched {
  assetIds: string[];
  /** Tags and host names that Qualys does not know, each with a sentence. */
  unknown: Problem[];
  /** Rows that could not be understood: any asset may be among them. */
  unreadable: number;
}

/** The ids of everything that policy says is never touched, whatever name it goes by. Several that have one name are all meant. */
export async function readNeverTouched(with_: ReadingWith, neverTouch: NeverTouch, reading: Reading): Promise<NeverTouched> {
  const assetIds = [...neverTouch.assetIds];
  let unreadable = 0;
  const onUnreadable = (rows: number): void => {
    unreadable += rows;
  };
  const tags = await tagsOf(with_, neverTouch, reading);
  for (const tagId of tags.ids) {
    for await (const assets of assetsByTag(with_.qualys, tagId, { ...reading, onUnreadable })) {
      assetIds.push(...assets.map(({ assetId }) => assetId));
    }
  }
  const hosts = await hostsOf(neverTouch, reading);
  onUnreadable(hosts.unreadable);
  assetIds.push(...hosts.assetIds);
  return { assetIds, unknown: [...tags.unknown, ...hosts.unknown], unreadable };
}

/**
 * The same for a cohort that is being resolved. A row that cannot be understood has no id that any other search could bring into the
 * cohort; ids that the request gives are taken unseen, so there it could be one of them: then nothing is sent.
 * Throws `PolicyRefused` for what Qualys does not know, which may be a name that was changed; with `unknown: warn` it is told instead.
 */
export async function neverTouched(
  dependencies: Pick<ActivityDependencies, 'ledger' | 'qualys'>,
  { neverTouch }: Pick<Policy, 'neverTouch'>,
  { version, ...reading }: Reading & { assetIds: readonly string[] | undefined; version: number | undefined },
): Promise<Pick<NeverTouched, 'assetIds'> & { warnings: string[]; reading?: number | undefined }> {
  let calls = 0;
  const onPage: Finding['onPage'] = (found) => {
    calls += 1;
    reading.onPage(found);
  };
  const found = await readNeverTouched(dependencies, neverTouch, { ...reading, onPage });
  const { assetIds, unknown, unreadable } = found;
  if (unknown.length > 0 && neverTouch.unknown !== 'warn') throw new PolicyRefused(refusalOf(unknown), unknown);
  if (unreadable > 0) await tellUnread(dependencies, reading, unreadable);
  // For every other run of the ledger, too, until it is old.
  const stored =
    version === undefined || !keepsAnything(neverTouch)
      ? undefined
      : await dependencies.ledger.neverTouch.store({ ...found, version, calls });
  return { assetIds, warnings: unknown.map(warningOf), reading: stored?.id };
}

/** Names each of them; a name that is very long is cut. */
export function refusalOf(unknown: readonly Problem[]): string {
  const named = unknown.map(({ problem }) => problem).join('; ');
  return `policy.neverTouch cannot be enforced: ${named}. Fix the names, or set policy.neverTouch.unknown: warn.`;
}

export function warningOf({ path, problem }: Problem): string {
  return `${path}: ${problem}, so it excludes nothing`;
}

/** How a run's audit log tells of rows that could not be understood. */
export const NEVER_TOUCH_UNREAD = 'never-touch-unread';

export function unreadText(rows: number): string {
  return `Qualys lists ${rows} asset(s) for policy.neverTouch in unreadable rows`;
}

async function tellUnread(
  { ledger }: Pick<ActivityDependencies, 'ledger'>,
  { runId, assetIds }: Reading & { assetIds: readonly string[] | undefined },
  rows: number,
): Promise<void> {
  const detail = unreadText(rows);
  await ledger.audit.addOnce(runId, { action: NEVER_TOUCH_UNREAD, detail });
  if (!assetIds?.length) return;
  const problem = `${detail}, which may include one of these ids. List never-touched assets by policy.neverTouch.assetIds`;
  throw new UnresolvedTargets([{ path: 'targets.assetIds', problem }]);
}

interface TagsFound {
  ids: Set<string>;
  unknown: Problem[];
}

/** Tags by id or exact name, whatever the case, looked up in the list of tags, as assets show ids only. A name of digits may be either. */
async function tagsOf({ qualys }: ReadingWith, { tags }: NeverTouch, { runId, onPage }: Reading): Promise<TagsFound> {
  const found: TagsFound = { ids: new Set(tags.filter(isId)), unknown: [] };
  if (tags.length === 0) return found;
  const waiting = new Set(tags.map(tagKey));
  const wanted = new Set(waiting);
  let unreadable = 0;
  for await (const page of qualys.searchTags({ runId })) {
    onPage({ source: 'tags', rows: page.rows.length });
    unreadable += page.unreadable ?? 0;
    for (const { tagId, name } of page.rows) {
      waiting.delete(tagId);
      if (!wanted.has(tagKey(name))) continue;
      found.ids.add(tagId);
      waiting.delete(tagKey(name));
    }
  }
  const missing = tags.flatMap((tag, index) => (waiting.has(tagKey(tag)) ? [{ tag, path: `policy.neverTouch.tags[${index}]` }] : []));
  const names = missing.map(({ tag }) => tag).filter((tag) => !isId(tag));
  if (names.length > 0 && unreadable > 0) {
    const problem = `${names.join(', ')}: Qualys lists no such tag, and ${unreadable} in unreadable rows. Use tag ids`;
    throw new UnresolvedTargets([{ path: 'policy.neverTouch.tags', problem }]);
  }
  // The id of a row that cannot be read may be the one: its bearers are read anyway.
  if (unreadable > 0) return found;
  found.unknown = missing.map(({ tag, path }) => ({ path, problem: `Qualys lists no tag ${JSON.stringify(tag.slice(0, 100))}` }));
  return found;
}

function isId(tag: string): boolean {
  return /^\d{1,19}$/.test(tag);
}

function tagKey(tag: string): string {
  return tag.trim().toLowerCase();
}

async function hostsOf(
  { hostnames }: NeverTouch,
  { lookup }: Reading,
): Promise<{ assetIds: string[]; unknown: Problem[]; unreadable: number }> {
  if (hostnames.length === 0) return { assetIds: [], unknown: [], unreadable: 0 };
  const { assets, named, unreadable } = await findHosts(lookup, hostnames);
  const unknown = hostnames.flatMap((hostname, index) =>
    named.has(hostKey(hostname))
      ? []
      : [{ path: `policy.neverTouch.hostnames[${index}]`, problem: `Qualys knows no host ${JSON.stringify(hostname.slice(0, 100))}` }],
  );
  return { assetIds: assets.map(({ assetId }) => assetId), unknown, unreadable };
}
