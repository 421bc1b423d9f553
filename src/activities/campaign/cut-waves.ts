// The cohort of a campaign in its seeded order, cut into waves: the same cohort always gives the same canary.
import { setImmediate as yieldToLoop } from 'node:timers/promises';
import { type StoredPlan, wavesOf } from '../../contracts/plan.js';
import { assetsInNoWave, orderKey, waveSize } from '../../domain/campaign/waves.js';
import type { ActivityDependencies } from '../dependencies.js';
import { nonRetryable } from '../failures.js';
import { taggedWith } from '../targets/tagged.js';

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
  const { ledger } = dependencies;
  const { runId, plan, cohortSize } = cutting;
  const order = await ordered(dependencies, cutting);
  const taken = new Uint8Array(order.length);
  const places: number[][] = [];
  const slices: { name: string; size: number; to: number }[] = [];
  let given = 0;
  for (const wave of wavesOf(plan)) {
    const bears = wave.tag === undefined ? undefined : await bearersOf(dependencies, cutting, { tagId: wave.tag, order });
    const free = (index: number): boolean => taken[index] === 0 && (bears === undefined || bears[order[index] ?? 0] === 1);
    let tagged = 0;
    if (bears) for (let index = 0; index < taken.length; index += 1) if (free(index)) tagged += 1;
    const size = waveSize(wave, { cohortSize, left: cohortSize - given, tagged });
    places.push(take(order, { free, taken, size }));
    given += size;
    slices.push({ name: wave.name, size, to: given });
    await yieldToLoop();
  }
  const left = assetsInNoWave(
    cohortSize,
    slices.map((slice) => ({ ...slice, from: slice.to - slice.size })),
  );
  if (left > 0) {
    const problem = `the waves cover ${given} of ${cohortSize} assets, ${left} are in no wave. Add a last wave without size for the rest`;
    throw nonRetryable('InvalidRequest', `The plan has 1 problem: waves: ${problem}`, [{ path: 'waves', problem }]);
  }
  await ledger.campaigns.assignWaves(runId, places);
  return slices.map(({ name, size }) => ({ name, size }));
}

function take(order: Uint32Array, { free, taken, size }: { free: (index: number) => boolean; taken: Uint8Array; size: number }): number[] {
  const places: number[] = [];
  for (let index = 0; index < order.length && places.length < size; index += 1) {
    if (!free(index)) continue;
    taken[index] = 1;
    places.push(order[index] ?? 0);
  }
  // In the order in which they lie in the ledger, where neighbours share a page: assigned one by one, a million would each write their
  // own.
  return places.sort((a, b) => a - b);
}

/**
 * Which places of the cohort have the tag, 1 or 0 each. Their ids are looked up page by page: a million of them would take up the worker.
 */
async function bearersOf(
  { ledger, qualys }: CuttingWith,
  { runId, onPage }: Cutting,
  { tagId, order }: { tagId: string; order: Uint32Array },
): Promise<Uint8Array> {
  const bears = new Uint8Array(order.reduce((most, seq) => Math.max(most, seq), 0) + 1);
  for await (const assets of taggedWith(qualys, { runId, tagId, onPage: (rows) => onPage({ source: `tag ${tagId}`, rows }) })) {
    const assetIds = assets.map(({ assetId }) => assetId);
    for (const seq of await ledger.cohort.places(runId, assetIds)) bears[seq] = 1;
  }
  return bears;
}

const SEQ_BITS = 24n;

/**
 * Places in the cohort, in the campaign's order. A key of 40 bits, and behind it the place: numbers sort a million times faster than texts.
 */
async function ordered({ ledger }: CuttingWith, { runId, plan, cohortSize, onPage }: Cutting): Promise<Uint32Array> {
  const seed = plan.seed ?? plan.name;
  const keys = new BigUint64Array(cohortSize);
  let size = 0;
  for await (const page of ledger.campaigns.places(runId)) {
    onPage({ source: 'waves', rows: page.length });
    for (const { seq, assetId } of page) {
      keys[size] = (BigInt(`0x${orderKey(seed, assetId).slice(0, 10)}`) << SEQ_BITS) | BigInt(seq);
      size += 1;
    }
  }
  return Uint32Array.from(keys.sort(), (key) => Number(BigInt.asUintN(Number(SEQ_BITS), key)));
}
