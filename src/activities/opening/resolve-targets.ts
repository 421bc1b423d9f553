// From the request's targets to the frozen cohort, page by page into the ledger.

import type { Targets } from '../../contracts/request.js';
import type { ServerClock } from '../../domain/limits/call-gate.js';
import { moreNotJoinedRecord, NAMED_AT_MOST, NOT_JOINED, notJoinedRecords, unreadableRecord } from '../../domain/targets/join-record.js';
import { isOtherPlatform, isToldApart } from '../../domain/targets/platform.js';
import { LastSeen } from '../../domain/targets/stale-agents.js';
import type { CohortAsset, FrozenCohort } from '../../ledger/cohort/freeze.js';
import type { CarAsset, Script } from '../../qualys/types.js';
import type { ActivityDependencies } from '../dependencies.js';
import { neverTouched } from '../policy/never-touched.js';
import { AssetsByKey, type Finding } from '../targets/find-by-key.js';
import { inventoryHosts } from '../targets/inventory-hosts.js';
import { joinInventory } from '../targets/join-inventory.js';
import { assetsByName, assetsByTag } from '../targets/named.js';
import { UnresolvedTargets } from '../targets/unresolved.js';
import { type LeavingWith, leaveOpenCopies } from './open-copies.js';
import { refusingEverything } from './refuse-everything.js';
import { leaveStaleAgents } from './stale-agents.js';

export { UnresolvedTargets } from '../targets/unresolved.js';

const PAGE_SIZE = 1_000;
/**
 * What reading the platforms or tags of assets given by id may cost where CAR does not filter by id: 50,000 assets, checked one by one.
 */
const PAGES_FOR_IDS = 50;
/** Host names that a warning shows. */
const LABELS_SHOWN = 5;
/** The audit log cuts its details at 2,000 characters. */
const AUDIT_LINE = 1_900;
const ASSET_ID = /^\d{1,19}$/;
/** Kept as a number: a million of them as texts would be a fifth of the worker's memory. */
const SMALL_ID = /^[1-9]\d{0,14}$/;

interface Resolving {
  runId: string;
  /** Which attempt to open the run this is, as the ledger counts them. */
  attempt: number;
  targets: Targets;
  /** Without an id, as in tests of other things, no copy of it is known. */
  script: Pick<Script, 'platform'> & { id?: string };
  /** Told after every page, so that a dead worker is noticed. */
  onPage: (found: { source: string; rows: number }) => void;
  /** Counted up, once for each asset of the cohort, tag by tag: candidates for the tag planner. Assets given by id are looked up for it. */
  tagsSeen?: Map<string, number> | undefined;
}

interface Walk extends Resolving {
  excluded: ReadonlySet<string>;
  /** Whose tags were counted; undefined where every asset comes once. */
  counted: Set<string | number> | undefined;
  /** Undefined where nobody asks. */
  seen: LastSeen | undefined;
}

/** A later attempt opens the run, or the run has ended: nothing that this one finds is wanted. */
export class OpeningIsOver extends Error {}

/** What the resolution works with. A dry run has a ledger that is thrown away, and no workflow. */
export type ResolvingWith = Pick<ActivityDependencies, 'ledger' | 'qualys' | 'policy'> &
  Pick<LeavingWith, 'known'> & {
    /** Where the ledger has not seen Qualys' answers: a dry run's is new. */
    serverClock?: Pick<ServerClock, 'now'> | undefined;
  };

/** Walks the targets into the ledger, and freezes the cohort without what is excluded. */
export async function resolveTargets(dependencies: ResolvingWith, resolving: Resolving): Promise<FrozenCohort> {
  const { ledger, qualys } = dependencies;
  const { runId, targets, tagsSeen } = resolving;
  const excluded = new Set(targets.excludedAssetIds);
  const seen = targets.seenWithin === undefined ? undefined : new LastSeen();
  const walk: Walk = { ...resolving, excluded, counted: tagsSeen && mayComeTwice(targets) ? new Set() : undefined, seen };
  const lookup = new AssetsByKey(qualys, resolving);
  const byName = await named(dependencies, walk, lookup);
  await addExplicit(dependencies, walk, lookup);
  await add(dependencies, walk, byName);

  for (const tagId of targets.assetTagIds ?? []) await addTagged(dependencies, walk, tagId);
  if (targets.query) await addQueried(dependencies, walk, { query: targets.query, lookup });
  if (seen && targets.seenWithin !== undefined) {
    const now = await (dependencies.serverClock ?? ledger.serverClock).now();
    await leaveStaleAgents(ledger, { runId, seen, within: targets.seenWithin, now });
  }
  // What policy forbids stays in the cohort, visibly skipped: so that nobody takes its absence for an oversight.
  const { version: policyVersion, policy } = await ledger.policies.inForce(dependencies.policy);
  const untouched = await neverTouched(dependencies, policy, { ...resolving, assetIds: targets.assetIds, lookup, version: policyVersion });
  for (const warning of untouched.warnings) await ledger.runs.addWarning(runId, warning);
  const { attempt, script } = resolving;
  const despite = targets.despiteOpenCopies === true;
  await leaveOpenCopies(dependencies, { ...resolving, scriptId: script.id, despite, neverTouch: untouched.assetIds });
  const neverTouch = { assetIds: untouched.assetIds, hostnames: policy.neverTouch.hostnames };
  const cohort = await ledger.cohort.freeze(runId, {
    ...{ attempt, excluded: targets.excludedAssetIds ?? [], neverTouch, policyVersion },
    reading: untouched.reading,
    everything: targets.everything,
  });
  if (!cohort) throw new OpeningIsOver(`The run ${runId} has ended, or a later attempt opens it.`);
  return cohort;
}

/** What was taken by its first label only is told to whoever approves, and stands in the audit log. */
async function named({ ledger }: ResolvingWith, { runId, attempt, targets }: Walk, lookup: AssetsByKey): Promise<CarAsset[]> {
  const { hostnames = [], match } = targets;
  if (hostnames.length === 0) return [];
  const { assets, byLabel } = await assetsByName(lookup, hostnames, match);
  if (byLabel.length === 0) return assets;
  for (const detail of linesOf(byLabel))
    await ledger.audit.add(runId, { action: 'matched-by-label', detail: `attempt ${attempt}: ${detail}` });
  const shown = byLabel.slice(0, LABELS_SHOWN).join('; ');
  const rest = byLabel.length - LABELS_SHOWN;
  const text = `targets.match: ${byLabel.length} of ${hostnames.length} host names are taken by their first label: ${shown}`;
  await ledger.runs.addWarning(runId, rest > 0 ? `${text}; and ${rest} more, in the audit log` : text);
  return assets;
}

/** As many to a line as an entry of the audit log takes. */
function linesOf(texts: readonly string[]): string[] {
  const lines: string[] = [];
  for (const text of texts) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + text.length < AUDIT_LINE) lines[lines.length - 1] = `${last}; ${text}`;
    else lines.push(text);
  }
  return lines;
}

/** Two hosts of an inventory may be one asset, and so may two kinds of targets. */
function mayComeTwice({ assetIds, hostnames, assetTagIds = [], query }: Targets): boolean {
  const sources = assetTagIds.length + [assetIds, hostnames].filter((named) => named?.length).length + (query ? 1 : 0);
  return sources > 1 || (query !== undefined && query.source !== 'car');
}

/**
 * Assets given by id, with what CAR knows of them where their platform matters, their tags, or when they were last seen: a search for each
 * thousand. An id that CAR does not know stays: whether it gets an asset job is what its execution shows.
 */
async function addExplicit(dependencies: ResolvingWith, walk: Walk, lookup: AssetsByKey): Promise<void> {
  const { runId, script, targets, tagsSeen, excluded, seen } = walk;
  const assetIds = [...new Set(targets.assetIds)].filter((assetId) => !excluded.has(assetId));
  if (assetIds.length === 0) return;
  const what = [
    ...(isToldApart(script.platform) ? ['platforms'] : []),
    ...(tagsSeen ? ['tags'] : []),
    ...(seen ? ['last check-ins'] : []),
  ].join(' and ');
  if (what === '') {
    return enter(
      dependencies,
      walk,
      assetIds.map((assetId) => ({ assetId })),
    );
  }
  const { assets, isComplete, unreadable } = await lookup.find('assetId', assetIds, PAGES_FOR_IDS);
  const known = new Map(assets.map((asset) => [asset.assetId, asset]));
  await add(
    dependencies,
    walk,
    assetIds.map((assetId): CarAsset => known.get(assetId) ?? { assetId, name: '', tags: [] }),
  );
  const unread = assetIds.length - known.size;
  if (unread === 0 || (isComplete && unreadable === 0)) return;
  const why = isComplete
    ? `Qualys lists ${unreadable} asset(s) in unreadable rows`
    : 'Qualys does not filter assets by id, and has too many to check each';
  await dependencies.ledger.audit.addOnce(runId, {
    action: 'platforms-unread',
    detail: `${why}: the ${what} of ${unread} assets were not read`,
  });
}

async function addTagged(dependencies: ResolvingWith, walk: Walk, tagId: string): Promise<void> {
  let unreadable = 0;
  const onUnreadable = (rows: number): void => {
    unreadable += rows;
  };
  for await (const assets of assetsByTag(dependencies.qualys, tagId, { ...walk, onUnreadable })) await add(dependencies, walk, assets);
  await tellUnreadable(dependencies, walk, { source: `tag ${tagId}`, rows: unreadable });
}

type Query = NonNullable<Targets['query']>;

async function addQueried(
  dependencies: ResolvingWith,
  walk: Walk,
  { query, lookup }: { query: Query; lookup: AssetsByKey },
): Promise<void> {
  if (query.source !== 'car') return addJoined(dependencies, walk, { query, lookup });
  const { runId, onPage, targets } = walk;
  const refuseEverything = await refusingEverything(dependencies.qualys, { query, everything: targets.everything }, walk);
  let [found, unreadable] = [0, 0];
  // The operator's own filter is sent as it is: a query is theirs to write, and it can only choose assets.
  for await (const page of dependencies.qualys.searchAssets({ filter: query.filter, pageSize: PAGE_SIZE, runId })) {
    await add(dependencies, walk, page.rows);
    found += page.rows.length;
    unreadable += page.unreadable ?? 0;
    onPage({ source: query.filter.slice(0, 80), rows: page.rows.length });
  }
  await refuseEverything(found + unreadable);
  await tellUnreadable(dependencies, walk, { source: 'car', rows: unreadable });
}

/** By name, into the audit log: a host that is left out in silence would be taken for fixed. */
async function addJoined(dependencies: ResolvingWith, walk: Walk, { query, lookup }: { query: Query; lookup: AssetsByKey }): Promise<void> {
  const { source } = query;
  const { runId, attempt, targets } = walk;
  const { audit } = dependencies.ledger;
  const refuseEverything = await refusingEverything(dependencies.qualys, { query, everything: targets.everything }, walk);
  const unread = { inventory: 0, car: 0 };
  let [found, apart] = [0, 0];
  const counted: Finding['onPage'] = (page) => {
    found += page.rows;
    walk.onPage(page);
  };
  for await (const part of joinInventory(source, inventoryHosts(dependencies.qualys, query, { ...walk, onPage: counted }), lookup)) {
    await add(dependencies, walk, part.assets);
    const named = part.notJoined.slice(0, Math.max(0, NAMED_AT_MOST - apart));
    for (const detail of notJoinedRecords(attempt, source, named)) await audit.add(runId, { action: NOT_JOINED, detail });
    apart += part.notJoined.length;
    unread.inventory += part.unreadable.inventory;
    unread.car += part.unreadable.car;
  }
  await refuseEverything(found + unread.inventory);
  await tellUnreadable(dependencies, walk, { source, rows: unread.inventory });
  await tellUnreadable(dependencies, walk, { source: 'car', rows: unread.car });
  if (apart <= NAMED_AT_MOST) return;
  await audit.add(runId, { action: NOT_JOINED, detail: moreNotJoinedRecord(attempt, source, apart - NAMED_AT_MOST) });
}

/** How many, since they have no name: what was meant by them is left out, too. */
async function tellUnreadable(
  { ledger }: ResolvingWith,
  { runId, attempt }: Walk,
  { source, rows }: { source: string; rows: number },
): Promise<void> {
  if (rows > 0) await ledger.audit.add(runId, { action: NOT_JOINED, detail: unreadableRecord(attempt, source, rows) });
}

async function enter({ ledger }: ResolvingWith, { runId, attempt, excluded }: Walk, assets: readonly CohortAsset[]): Promise<void> {
  const strange = assets.filter(({ assetId }) => !ASSET_ID.test(assetId));
  if (strange.length > 0) {
    const shown = strange.slice(0, 5).map(({ assetId }) => JSON.stringify(assetId.slice(0, 60)));
    const problem = `Qualys lists ${strange.length} asset(s) with non-numeric ids, which cannot be executed on: ${shown.join(', ')}`;
    throw new UnresolvedTargets([{ path: 'targets', problem }]);
  }
  const wanted = assets.filter(({ assetId }) => !excluded.has(assetId));
  if (await ledger.cohort.add(runId, wanted, attempt)) return;
  throw new OpeningIsOver(`The run ${runId} has ended, or a later attempt opens it.`);
}

async function add(dependencies: ResolvingWith, walk: Walk, assets: readonly CarAsset[]): Promise<void> {
  const { ledger } = dependencies;
  const { runId, script, excluded, seen } = walk;
  await enter(
    dependencies,
    walk,
    assets.map((asset) => ({ ...asset, name: asset.name || undefined })),
  );
  countTags(walk, assets);
  if (seen) for (const asset of assets) if (!excluded.has(asset.assetId)) seen.note(asset);
  const others = assets.filter(({ platform }) => isOtherPlatform(script.platform, platform));
  if (others.length > 0) {
    await ledger.cohort.skip(
      runId,
      others.map(({ assetId }) => assetId),
      'other-platform',
    );
  }
}

function countTags({ tagsSeen, counted, excluded }: Walk, assets: readonly CarAsset[]): void {
  if (!tagsSeen) return;
  for (const { assetId, tags } of assets) {
    const key = SMALL_ID.test(assetId) ? Number(assetId) : assetId;
    if (excluded.has(assetId) || counted?.has(key)) continue;
    counted?.add(key);
    for (const tagId of new Set(tags)) tagsSeen.set(tagId, (tagsSeen.get(tagId) ?? 0) + 1);
  }
}
