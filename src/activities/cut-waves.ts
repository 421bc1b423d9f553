// The cohort of a campaign in its seeded order, cut into waves: the same cohort always gives the same canary.
import { setImmediate as breathe } from 'node:timers/promises';
import { assetsInNoWave, orderKey, waveSize } from '../domain/waves.js';
import { wavesOf } from '../schema/plan.js';
import type { ActivityDependencies } from './dependencies.js';
import { never } from './outcome-of-attempt.js';
import { membersOf } from './read-tags.js';
import type { StoredPlan } from './step-request.js';

interface Cutting {
  runId: string;
  plan: StoredPlan;
  cohortSize: number;
  onPage: (found: { source: string; rows: number }) => void;
}

/** What it works with: whoever plans a campaign has a ledger that is thrown away. */
type CuttingWith = Pick<ActivityDependencies, 'ledger' | 'qualys'>;

/** Gives every asset its wave in the ledger. Returns the waves with their sizes, in order. */
export async function cutWaves(dependencies: CuttingWith, cutting: Cutting): Promise<{ name: string; size: number }[]> {
  const { ledger, qualys } = dependencies;
  const { runId, plan, cohortSize, onPage } = cutting;
  const waves = wavesOf(plan);
  const members = new Map<string, Set<string>>();
  for (const { tag } of waves) {
    if (tag === undefined || members.has(tag)) continue;
    const assetIds = await membersOf(qualys, { runId, tagId: tag, onPage: (rows) => onPage({ source: `tag ${tag}`, rows }) });
    members.set(tag, new Set(assetIds));
  }
  const order = await ordered(dependencies, { runId, seed: plan.seed ?? plan.name, tags: [...members.values()], onPage });
  const taken = new Uint8Array(order.seqs.length);
  const places: number[][] = [];
  const slices: { name: string; size: number; to: number }[] = [];
  let given = 0;
  for (const wave of waves) {
    const tag = wave.tag === undefined ? undefined : [...members.keys()].indexOf(wave.tag);
    const free = (index: number): boolean => taken[index] === 0 && (tag === undefined || ((order.tags[index] ?? 0) & (1 << tag)) !== 0);
    let tagged = 0;
    if (tag !== undefined) for (let index = 0; index < taken.length; index += 1) if (free(index)) tagged += 1;
    const size = waveSize(wave, { cohortSize, left: cohortSize - given, tagged });
    places.push(take(order.seqs, { free, taken, size }));
    given += size;
    slices.push({ name: wave.name, size, to: given });
    await breathe();
  }
  const left = assetsInNoWave(
    cohortSize,
    slices.map((slice) => ({ ...slice, from: slice.to - slice.size })),
  );
  if (left > 0) {
    const problem = `the waves take ${given} of ${cohortSize} assets: ${left} would be in no wave. Add a last wave without size, which takes the rest`;
    throw never('InvalidRequest', `The plan has 1 problem: waves: ${problem}`, [{ path: 'waves', problem }]);
  }
  await ledger.campaigns.assignWaves(runId, places);
  return slices.map(({ name, size }) => ({ name, size }));
}

function take(seqs: Float64Array, { free, taken, size }: { free: (index: number) => boolean; taken: Uint8Array; size: number }): number[] {
  const places: number[] = [];
  for (let index = 0; index < seqs.length && places.length < size; index += 1) {
    if (!free(index)) continue;
    taken[index] = 1;
    places.push(seqs[index] ?? 0);
  }
  // In the order in which they lie in the ledger, where their neighbours share a page: a wave of 1,000,000 is given out ten times as fast.
  return places.sort((a, b) => a - b);
}

interface Order {
  /** Places in the cohort, in the campaign's order. */
  seqs: Float64Array;
  /** By the same index: which of the tags the asset bears, a bit each. */
  tags: Uint32Array;
}

/** A key of 40 bits, and behind it the place: numbers sort a million times faster than texts, and without a comparison of ours. */
async function ordered(
  { ledger }: CuttingWith,
  { runId, seed, tags, onPage }: { runId: string; seed: string; tags: readonly Set<string>[]; onPage: Cutting['onPage'] },
): Promise<Order> {
  const keys: bigint[] = [];
  const tagsOf = new Map<number, number>();
  for await (const page of ledger.campaigns.places(runId)) {
    onPage({ source: 'waves', rows: page.length });
    for (const { seq, assetId } of page) {
      keys.push((BigInt(`0x${orderKey(seed, assetId).slice(0, 10)}`) << 24n) | BigInt(seq));
      const bits = tags.reduce((sum, assetIds, tag) => (assetIds.has(assetId) ? sum | (1 << tag) : sum), 0);
      if (bits !== 0) tagsOf.set(seq, bits);
    }
  }
  const sorted = BigUint64Array.from(keys).sort();
  const seqs = Float64Array.from(sorted, (key) => Number(key & 0xffffffn));
  return { seqs, tags: Uint32Array.from(seqs, (seq) => tagsOf.get(seq) ?? 0) };
}
