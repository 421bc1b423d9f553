// The order in which tags are taken into executions. Exclusions, 25 an execution, are what runs out: a foreign member takes one, and so
// does a member that an earlier execution hits already. Members that tags of one execution share are hit once and take none.
import type { Pace } from '../basics/yield-to-loop.js';
import { ENTRIES_A_LIST } from './plan-cost.js';
import type { TagIndex } from './plan-index.js';

/**
 * One tag taken into one execution. Cutting the list of picks anywhere leaves a valid plan: only later executions exclude for earlier ones.
 */
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
  /** Calls that reading the tags of one execution may take. */
  mostReadCalls: number;
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
  #readCalls = 0;
  /** Per asset: hit by a pick. */
  readonly #hit: Uint8Array;
  /** Per asset, foreign ones too: the last execution that excludes it, counted from 1. */
  readonly #excludedBy: Int32Array;
  /** Per tag: members that nothing hits yet. */
  readonly #gain: Int32Array;
  /** Per tag: all that closing this execution would make it exclude, its foreign members and what is hit of it. It never becomes less. */
  readonly #needsLater: Int32Array;
  /** Per tag: what it has to exclude now, its foreign members and what earlier executions hit. */
  readonly #needsNow: Int32Array;
  /** Per tag: the first 25 assets of both, in that order. */
  readonly #needs: Int32Array;

  constructor(index: TagIndex, rule: Rule) {
    this.#index = index;
    this.#rule = rule;
    this.#hit = new Uint8Array(index.cohortSize);
    this.#excludedBy = new Int32Array(index.assetIds.length);
    this.#gain = Int32Array.from(index.tags, (tag) => tag.inside.length);
    this.#needsLater = Int32Array.from(index.tags, (tag) => tag.foreign.length);
    this.#needsNow = this.#needsLater.slice();
    this.#needs = new Int32Array(index.tags.length * ENTRIES_A_LIST);
    for (const [tag, { foreign }] of index.tags.entries()) this.#needs.set(foreign, tag * ENTRIES_A_LIST);
    this.live = Int32Array.from(index.tags.keys());
    this.#dropUseless();
  }

  gainOf(tag: number): number {
    return this.#gain[tag] ?? 0;
  }

  /**
   * The tag to take next, or undefined when none fits. One that could follow in no later execution, because what this one hits of it is
   * more than its exclusions allow, comes before all others: left behind, its rest would go by ids at 25 an execution, where waiting costs
   * 1/25 at most.
   */
  best(): number | undefined {
    let [best, bestScore, bestIsLastChance]: [number | undefined, number, boolean] = [undefined, 0, false];
    for (const tag of this.live) {
      const gain = this.#gain[tag] ?? 0;
      const lastChance = gain > 1 && (this.#needsLater[tag] ?? 0) > ENTRIES_A_LIST;
      if (bestIsLastChance && !lastChance) continue;
      const outranks = lastChance && !bestIsLastChance;
      // The score is at most the gain: most tags are passed over before their exclusions are counted.
      if (!outranks && gain <= bestScore) continue;
      const exclusions = this.#exclusionsNow(tag);
      if (this.#exclusions + exclusions > ENTRIES_A_LIST || this.#readCalls + this.#readCallsOf(tag) > this.#rule.mostReadCalls) continue;
      const score = this.#rule.ranking === 'widest' ? gain : gain / (1 + exclusions);
      if (outranks || score > bestScore) [best, bestScore, bestIsLastChance] = [tag, score, lastChance];
    }
    return best;
  }

  *take(tag: number, pace: Pace): Generator<void, void> {
    this.tagsTaken += 1;
    this.#exclusions += this.#exclusionsNow(tag);
    this.#readCalls += this.#readCallsOf(tag);
    this.#exclude(tag);
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
    this.#readCalls = 0;
    this.live = this.live.filter((tag) => (this.#needsLater[tag] ?? 0) <= ENTRIES_A_LIST);
    for (const tag of this.live) this.#needsNow[tag] = this.#needsLater[tag] ?? 0;
  }

  #recordHit(asset: number, tag: number): void {
    const needs = this.#needsLater[tag] ?? 0;
    if (needs < ENTRIES_A_LIST) this.#needs[tag * ENTRIES_A_LIST + needs] = asset;
    this.#needsLater[tag] = needs + 1;
    this.#gain[tag] = (this.#gain[tag] ?? 0) - 1;
  }

  /** Exclusions the tag needs here beyond those that are here already. */
  #exclusionsNow(tag: number): number {
    let missing = 0;
    const first = tag * ENTRIES_A_LIST;
    const end = first + (this.#needsNow[tag] ?? 0);
    for (let place = first; place < end; place += 1) {
      if (this.#excludedBy[this.#needs[place] ?? 0] !== this.execution + 1) missing += 1;
    }
    return missing;
  }

  #exclude(tag: number): void {
    const first = tag * ENTRIES_A_LIST;
    for (const asset of this.#needs.subarray(first, first + (this.#needsNow[tag] ?? 0))) this.#excludedBy[asset] = this.execution + 1;
  }

  #dropUseless(): void {
    this.live = this.live.filter((tag) => {
      const gain = this.#gain[tag] ?? 0;
      const readCalls = this.#readCallsOf(tag);
      return gain > 0 && readCalls <= this.#rule.mostReadCalls && gain >= this.#rule.worthGain(readCalls);
    });
  }

  #readCallsOf(tag: number): number {
    return this.#index.tags[tag]?.readCalls ?? 0;
  }
}
