// The fleet and the plan of the campaign's bench: nine assets of ten are in a site, which is a tag that one execution can go by; the
// tenth is in none, and goes by id. Two rings are waves by tag, each made of whole sites.
import type { CampaignPlanInput } from '../../src/schema/plan.js';
import type { SimulatorOptions } from '../../src/simulator/options.js';

export const SCRIPT_ID = 72648;
export const FIRST_ASSET_ID = 20_452_610;
const SITES = 50;
const TENTHS = 10;
const RINGS = 2;
const RING_MODULO = 5;
const [SITE_TAG, TENTH_TAG, RING_TAG] = [9_000, 8_000, 7_500];
/** The last tenth bears no tag but a ring's. Its names end in a nought, as the first asset's is host-000001. */
const NO_SITE = TENTHS - 1;
const ENDS_IN_ONE_NOUGHT = 'name: "0.example.com" and not name: "00.example.com"';
/** Those that end in two noughts are named by their ids. */
const EXPLICIT = { modulo: 100, remainder: 99 };
/** Simulated: at speed 60 an execution is over within half a second. */
const LONGEST_EXECUTION_MS = 30_000;

export const SPEED = 60;
export const MAX_IN_FLIGHT = 100;

export function fleetOf({ assets, latencyMs }: { assets: number; latencyMs: number }): SimulatorOptions {
  return {
    assets,
    firstAssetId: FIRST_ASSET_ID,
    latencyMs,
    speed: SPEED,
    executionMs: { min: 1_000, max: LONGEST_EXECUTION_MS },
    tags: [
      ...Array.from({ length: SITES }, (_, site) => ({ id: SITE_TAG + site, name: `site ${site}`, modulo: SITES, remainder: site })).filter(
        ({ remainder }) => remainder % TENTHS !== NO_SITE,
      ),
      ...Array.from({ length: NO_SITE }, (_, tenth) => ({
        id: TENTH_TAG + tenth,
        name: `tenth ${tenth}`,
        modulo: TENTHS,
        remainder: tenth,
      })),
      ...Array.from({ length: RINGS }, (_, ring) => ({ id: RING_TAG + ring, name: `ring ${ring}`, modulo: RING_MODULO, remainder: ring })),
    ],
  };
}

/** Everything, as targets of all three kinds: nine tenths by tag, the rest by query but for the hundredth that is named by id. */
export function planOf(assets: number): CampaignPlanInput {
  const explicit = Array.from({ length: Math.ceil(assets / EXPLICIT.modulo) }, (_, index) => index * EXPLICIT.modulo + EXPLICIT.remainder);
  return {
    name: 'bench',
    targets: {
      assetTagIds: Array.from({ length: NO_SITE }, (_, tenth) => TENTH_TAG + tenth),
      query: { source: 'car', filter: ENDS_IN_ONE_NOUGHT },
      assetIds: explicit.filter((index) => index < assets).map((index) => FIRST_ASSET_ID + index),
    },
    steps: { remediate: SCRIPT_ID },
    waves: [
      { name: 'canary', size: Math.ceil(assets / 5_000) },
      ...Array.from({ length: RINGS }, (_, ring) => ({ name: `ring ${ring}`, tag: RING_TAG + ring })),
      { name: 'rest' },
    ],
    strategy: 'tags',
    output: 'none',
    maxInFlight: MAX_IN_FLIGHT,
    poll: { interval: '1s' },
    deadline: '1h',
  };
}
