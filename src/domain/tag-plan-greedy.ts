// The order in which tags are taken into executions. Exclusions, 25 an execution, are what runs out: a foreign member takes one, and so does a
// member that an earlier execution hits already. Members that tags of one execution share are hit once and take none.
import type { Pace } from './breathe.js';
import { ENTRIES_A_LIST } from './tag-plan-cost.js';
import type { TagIndex } from './tag-plan-index.js';

/** One tag taken into one execution. Cutting the list of picks anywhere leaves a valid plan: only later executions exclude for earlier ones. */
export interface Pick {
  tag: number;
  /** Counted from 0, never falling from pick to pick. */
  execution: number;
  /** Assets of the cohort that no pick before this one hits. */
  gain: number;
}

/** `widest` takes the largest gain; `sparing` the largest gain for each exclusion it takes (and one). Each wins where the other fails. */
export type Ranking = 'widest' | 'sparing';

interface Rule {
  ranking: Ranking;
  /** Least gain that makes a tag worth its calls. */
  worthGain: (readCalls: number) => number;
}

/** All picks that have a gain. Time: memberships + picks × tags. */
export function* greedyPicks(index: TagIndex, rule: Rule, pace: Pace): Generator<void, Pick[]> {
  const filling = new Filling(index, rule);
  const picks: Pick[] = [];
  for (;;) {
    if (pace.spend(filling.live.length * 2)) yield;
    const tag = filling.best();
    if (tag === undefined) {
      if (filling.tagsTaken === 0) return picks;
      filling.close();
      continue;
    }
    picks.push({ tag, execution: filling.execution, gain: filling.gainOf(tag) });
    yield* filling.take(tag, pace);
    if (filling.tagsTaken === ENTRIES_A_LIST) filling.close();
  }
}

/** The execution being filled, and what those before it leave of every tag. */
class Filling {
  execution = 0;
  tagsTaken = 0;
  /** Tags that may still be taken. */
  live: Int32Array;
  readonly #index: TagIndex;
  readonly #rule: Rule;
  #exclusions = 0;
  /** Per asset: hit by a pick. */
  readonly #hit: Uint8Array;
  /** Per asset, foreign ones too: the last execution that excludes it, counted from 1. */
  readonly #excludedBy: Int32Array;
  /** Per tag: members that nothing hits yet. */
  readonly #gain: Int32Array;
  /** Per tag: members hit by executions before this one; the first 25 of them are in `#overlap`. */
  readonly #overlapSize: Int32Array;
  readonly #overlap: Int32Array;

  constructor(index: TagIndex, rule: Rule) {
    this.#index = index;
    this.#rule = rule;
    this.#hit = new Uint8Array(index.cohortSize);
    this.#excludedBy = new Int32Array(index.assetIds.length);
    this.#gain = Int32Array.from(index.tags, (tag) => tag.inside.length);
    this.#overlapSize = new Int32Array(index.tags.length);
    this.#overlap = new Int32Array(index.tags.length * ENTRIES_A_LIST);
    this.live = Int32Array.from(index.tags.keys());
    this.#dropUseless();
  }

  gainOf(tag: number): number {
    return this.#gain[tag] ?? 0;
  }

  /**
   * The tag to take next, or undefined when none fits. One that could follow in no later execution, because what this one hits of it is more than
   * its exclusions allow, comes before all others: left behind, its rest would go by ids at 25 an execution, where waiting costs 1/25 at most.
   */
  best(): number | undefined {
    let [best, bestScore, bestIsLastChance]: [number | undefined, number, boolean] = [undefined, 0, false];
    for (const tag of this.live) {
      const gain = this.#gain[tag] ?? 0;
      const lastChance = gain > 1 && this.#exclusionsLater(tag) > ENTRIES_A_LIST;
      if (bestIsLastChance && !lastChance) continue;
      const outranks = lastChance && !bestIsLastChance;
      // The score is at most the gain: most tags are passed over before their exclusions are counted.
      if (!outranks && gain <= bestScore) continue;
      const exclusions = this.#exclusionsNow(tag);
      if (this.#exclusions + exclusions > ENTRIES_A_LIST) continue;
      const score = this.#rule.ranking === 'widest' ? gain : gain / (1 + exclusions);
      if (outranks || score > bestScore) [best, bestScore, bestIsLastChance] = [tag, score, lastChance];
    }
    return best;
  }

  *take(tag: number, pace: Pace): Generator<void, void> {
    this.tagsTaken += 1;
    this.#exclusions += this.#exclusionsNow(tag, true);
    for (const asset of this.#index.tags[tag]?.inside ?? []) {
      if (pace.spend(1)) yield;
      if (this.#hit[asset] === 1) continue;
      this.#hit[asset] = 1;
      const end = this.#index.starts[asset + 1] ?? 0;
      for (let place = this.#index.starts[asset] ?? 0; place < end; place += 1) {
        this.#recordHit(asset, this.#index.tagsOf[place] ?? 0);
        if (pace.spend(2)) yield;
      }
    }
    this.#dropUseless();
  }

  close(): void {
    this.execution += 1;
    this.tagsTaken = 0;
    this.#exclusions = 0;
    for (const tag of this.live) this.#overlapSize[tag] = this.#hitMembers(tag);
    this.live = this.live.filter((tag) => this.#exclusionsLater(tag) <= ENTRIES_A_LIST);
  }

  #recordHit(asset: number, tag: number): void {
    const hitBefore = this.#hitMembers(tag);
    if (hitBefore < ENTRIES_A_LIST) this.#overlap[tag * ENTRIES_A_LIST + hitBefore] = asset;
    this.#gain[tag] = (this.#gain[tag] ?? 0) - 1;
  }

  #hitMembers(tag: number): number {
    return (this.#index.tags[tag]?.inside.length ?? 0) - (this.#gain[tag] ?? 0);
  }

  /** Exclusions the tag would need once this execution is closed. They never become fewer. */
  #exclusionsLater(tag: number): number {
    return (this.#index.tags[tag]?.foreign.length ?? 0) + this.#hitMembers(tag);
  }

  /** Exclusions the tag needs here beyond those that are here already; `mark` makes them. */
  #exclusionsNow(tag: number, mark = false): number {
    let needed = 0;
    const here = this.execution + 1;
    const exclude = (asset: number): void => {
      if (this.#excludedBy[asset] === here) return;
      needed += 1;
      if (mark) this.#excludedBy[asset] = here;
    };
    for (const asset of this.#index.tags[tag]?.foreign ?? []) exclude(asset);
    const first = tag * ENTRIES_A_LIST;
    const end = first + (this.#overlapSize[tag] ?? 0);
    for (let place = first; place < end; place += 1) exclude(this.#overlap[place] ?? 0);
    return needed;
  }

  #dropUseless(): void {
    this.live = this.live.filter((tag) => {
      const gain = this.#gain[tag] ?? 0;
      return gain > 0 && gain >= this.#rule.worthGain(this.#index.tags[tag]?.readCalls ?? 0);
    });
  }
}
