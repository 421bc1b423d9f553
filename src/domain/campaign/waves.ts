// How a frozen cohort falls into waves. The order of the assets follows from the plan's seed and the asset's id alone, so the same
// cohort always gives the same canary, and an asset that joins or leaves the cohort moves no other relative to the rest.
import { amountOf } from '../basics/percent.js';

export interface WavePlan {
  name: string;
  /** Assets, or percent of the whole cohort, rounded up. Without size and tag the wave takes the rest. */
  size?: number | string | undefined;
  /** The wave takes the assets of the cohort that have this tag and are in no earlier wave. */
  tag?: string | undefined;
}

export interface WaveSlice {
  name: string;
  size: number;
  /** Places in the cohort's order, counted from 0: `from` is in the wave, `to` is not. */
  from: number;
  to: number;
  /** Why the wave has fewer assets than its plan says, for the plan's readers. */
  note?: string;
}

/**
 * The waves of a cohort, in their order, side by side in it. `taggedSizes` has, for each wave with a tag, how many of its assets no
 * earlier wave takes: only the ledger can count that, wave by wave with `waveSize`. What no wave takes is `assetsInNoWave`.
 */
export function sliceWaves(
  cohortSize: number,
  waves: readonly WavePlan[],
  taggedSizes: Readonly<Record<string, number>> = {},
): WaveSlice[] {
  let from = 0;
  return waves.map((wave) => {
    const left = cohortSize - from;
    const size = waveSize(wave, { cohortSize, left, tagged: taggedSizes[wave.name] ?? 0 });
    const slice = { name: wave.name, size, from, to: from + size, ...noteOf(wave, { cohortSize, left, size }) };
    from += size;
    return slice;
  });
}

/** How many assets a wave takes of the `left` that no earlier wave has; `tagged` of them have its tag. */
export function waveSize(wave: WavePlan, { cohortSize, left, tagged }: { cohortSize: number; left: number; tagged: number }): number {
  const asked = wave.tag !== undefined ? tagged : wave.size === undefined ? left : amountOf(wave.size, cohortSize, 'up');
  return Math.min(left, asked);
}

/** Assets behind the last wave. A plan that leaves some is refused: every asset of the cohort ends with an outcome. */
export function assetsInNoWave(cohortSize: number, slices: readonly WaveSlice[]): number {
  return cohortSize - (slices.at(-1)?.to ?? 0);
}

/**
 * The place of an asset in the order of a campaign: 16 hexadecimal digits, to be compared as text, ties by asset id. Changing this
 * function moves the canaries of every campaign that has been planned.
 */
export function orderKey(seed: string, assetId: string): string {
  const text = `${seed}\n${assetId}`;
  let high = 0x9e3779b9;
  let low = 0x85ebca6b;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    high = Math.imul(high ^ unit, 0x01000193);
    low = Math.imul(low ^ unit, 0x5bd1e995);
    low ^= low >>> 15;
  }
  // Each half sees the other, so that what ids have in common (length, first digits) does not show in the order.
  const first = mixed(high ^ Math.imul(low, 0xcc9e2d51));
  return hex(first) + hex(mixed(low ^ Math.imul(first, 0x1b873593)));
}

/** MurmurHash3's finaliser. */
function mixed(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

function hex(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0');
}

function noteOf(wave: WavePlan, { cohortSize, left, size }: { cohortSize: number; left: number; size: number }): { note?: string } {
  if (wave.tag !== undefined) return size > 0 ? {} : { note: `no asset outside earlier waves has tag ${wave.tag}` };
  if (wave.size === undefined) return size > 0 ? {} : { note: 'no assets left' };
  const asked = amountOf(wave.size, cohortSize, 'up');
  if (size === asked) return {};
  const wanted = typeof wave.size === 'number' ? `${asked}` : `${wave.size} of ${cohortSize}, ${asked},`;
  return { note: `${wanted} requested, ${left} left` };
}
