// The planner's view of cohort and tags: every asset and tag is a small integer, so that its inner loops touch typed arrays only.
import type { Pace } from '../basics/yield-to-loop.js';
import { ENTRIES_A_LIST, readCalls, type TagPrice } from './plan-cost.js';

/** A tag with all its members, those outside the cohort included. */
export interface TagMembership {
  tagId: string;
  assetIds: readonly string[];
}

/** A tag that an execution may name: at most 25 of its members are outside the cohort. */
export interface UsableTag {
  tagId: string;
  /** Indexes of its members in the cohort. */
  inside: Int32Array;
  /** Indexes of its members outside the cohort: each has to be excluded by id. */
  foreign: Int32Array;
  readCalls: number;
}

export interface TagIndex {
  /** The cohort's ids come first, at 0 to `cohortSize` - 1, then those of foreign members. */
  assetIds: string[];
  cohortSize: number;
  tags: UsableTag[];
  /** Tags of the cohort's asset `a`: `tagsOf[starts[a]]` to before `tagsOf[starts[a + 1]]`. */
  tagsOf: Int32Array;
  starts: Int32Array;
}

export function* indexTags(
  cohort: readonly string[],
  memberships: readonly TagMembership[],
  price: TagPrice,
  pace: Pace,
): Generator<void, TagIndex> {
  const known: KnownAssets = { assetIds: [], indexes: new Map(), cohortSize: 0, seenBy: new Int32Array(0) };
  for (const assetId of cohort) {
    indexOf(known, assetId);
    if (pace.spend(4)) yield;
  }
  known.cohortSize = known.assetIds.length;
  known.seenBy = new Int32Array(known.cohortSize);

  const tags: UsableTag[] = [];
  const listed = new Set<string>();
  for (const [n, tag] of memberships.entries()) {
    if (listed.has(tag.tagId)) throw new Error(`Tag ${tag.tagId} is listed twice: give each tag once, with all its members.`);
    listed.add(tag.tagId);
    const usable = yield* usableTag(tag, n + 1, known, pace);
    if (usable) tags.push({ ...usable, readCalls: readCalls(tag.assetIds.length, price) });
  }
  return { assetIds: known.assetIds, cohortSize: known.cohortSize, tags, ...(yield* invert(tags, known.cohortSize, pace)) };
}

interface KnownAssets {
  assetIds: string[];
  indexes: Map<string, number>;
  cohortSize: number;
  /** The last tag, counted from 1, in which a cohort's asset was seen: a member listed twice is one member. */
  seenBy: Int32Array;
}

function indexOf({ assetIds, indexes }: KnownAssets, assetId: string): number {
  const index = indexes.get(assetId) ?? assetIds.length;
  if (index === assetIds.length) {
    indexes.set(assetId, index);
    assetIds.push(assetId);
  }
  return index;
}

/** Undefined for a tag that no execution could name, or that holds nothing of the cohort. It is given up at its 26th foreign member. */
function* usableTag(
  tag: TagMembership,
  n: number,
  known: KnownAssets,
  pace: Pace,
): Generator<void, Omit<UsableTag, 'readCalls'> | undefined> {
  const inside = new Int32Array(Math.min(tag.assetIds.length, known.cohortSize));
  const foreign = new Set<string>();
  let members = 0;
  for (const assetId of tag.assetIds) {
    if (pace.spend(4)) yield;
    const index = known.indexes.get(assetId);
    if (index === undefined || index >= known.cohortSize) foreign.add(assetId);
    else if (known.seenBy[index] !== n) {
      known.seenBy[index] = n;
      inside[members] = index;
      members += 1;
    }
    if (foreign.size > ENTRIES_A_LIST) return undefined;
  }
  if (members === 0) return undefined;
  return { tagId: tag.tagId, inside: inside.slice(0, members), foreign: Int32Array.from(foreign, (assetId) => indexOf(known, assetId)) };
}

function* invert(tags: readonly UsableTag[], cohortSize: number, pace: Pace): Generator<void, { tagsOf: Int32Array; starts: Int32Array }> {
  const starts = new Int32Array(cohortSize + 1);
  for (const { inside } of tags) {
    for (const asset of inside) {
      starts[asset + 1] = (starts[asset + 1] ?? 0) + 1;
      if (pace.spend(1)) yield;
    }
  }
  for (let asset = 0; asset < cohortSize; asset += 1) {
    starts[asset + 1] = (starts[asset + 1] ?? 0) + (starts[asset] ?? 0);
    if (pace.spend(1)) yield;
  }
  const tagsOf = new Int32Array(starts[cohortSize] ?? 0);
  const next = starts.slice();
  for (const [tag, { inside }] of tags.entries()) {
    for (const asset of inside) {
      const place = next[asset] ?? 0;
      tagsOf[place] = tag;
      next[asset] = place + 1;
      if (pace.spend(2)) yield;
    }
  }
  return { tagsOf, starts };
}
