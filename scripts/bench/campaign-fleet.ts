// The fleet and the plan of the campaign's bench: nine assets of ten are in a site, which is a tag that one execution can go by; the
// tenth is in none, and goes by id. Two rings are waves by tag, each made of whole sites.
import type { CampaignPlanInput } from '../../src/contracts/plan.js';
import type { RemediationRequestInput } from '../../src/contracts/request.js';
import type { SimulatorOptions } from '../../src/simulator/options.js';

export const SCRIPT_ID = 72648;
const FIRST_ASSET_ID = 20_452_610;
/** At 1,000,000 assets a site has as many as one execution can go by: ten pages are read again in the minute before it. */
const SITES = 100;
const TENTHS = 10;
const RINGS = 2;
const RING_MODULO = 5;
const [SITE_TAG, TENTH_TAG, RING_TAG] = [9_000, 8_000, 7_500];
const ASSETS_A_CANARY = 5_000;
/** The last tenth bears no tag but a ring's. Its names end in a zero, as the first asset's is host-000001. */
const NO_SITE = TENTHS - 1;
export const QUERY = 'name: "0.example.com" and not name: "00.example.com"';
/** Those that end in two noughts are named by their ids. */
const EXPLICIT = { modulo: 100, remainder: 99 };
/** Simulated: at speed 60 an execution is over within half a second. */
const LONGEST_EXECUTION_MS = 30_000;

const SPEED = 60;
const MAX_IN_FLIGHT = 100;

export function fleetOf({ assets, latencyMs }: { assets: number; latencyMs: number }): SimulatorOptions {
  return {
    assets,
    firstAssetId: FIRST_ASSET_ID,
    latencyMs,
    speed: SPEED,
    executionMs: { min: 1_000, max: LONGEST_EXECUTION_MS },
    tags: [
      ...SITE_TAGS.map((id) => tagOf(id, { first: SITE_TAG, modulo: SITES })),
      ...TARGET_TAGS.map((id) => tagOf(id, { first: TENTH_TAG, modulo: TENTHS })),
      ...RING_TAGS.map((id) => tagOf(id, { first: RING_TAG, modulo: RING_MODULO })),
    ],
  };
}

export const SITE_TAGS = Array.from({ length: SITES }, (_, site) => site)
  .filter((site) => site % TENTHS !== NO_SITE)
  .map((site) => String(SITE_TAG + site));
export const TARGET_TAGS = Array.from({ length: NO_SITE }, (_, tenth) => String(TENTH_TAG + tenth));
export const RING_TAGS = Array.from({ length: RINGS }, (_, ring) => String(RING_TAG + ring));

function tagOf(id: string, { first, modulo }: { first: number; modulo: number }) {
  return { id: Number(id), name: `tag ${id}`, modulo, remainder: Number(id) - first };
}

/** Which wave by tag an asset is in, from 0; the number of rings for the rest. */
export function ringOf(assetId: string): number {
  return Math.min(RINGS, (Number(assetId) - FIRST_ASSET_ID) % RING_MODULO);
}

/** The tag of an asset's site, whether there is one or not. */
export function siteOf(assetId: string): string {
  return String(SITE_TAG + ((Number(assetId) - FIRST_ASSET_ID) % SITES));
}

export function canarySize(assets: number): number {
  return Math.ceil(assets / ASSETS_A_CANARY);
}

export function explicitIds(assets: number): string[] {
  const indexes = Array.from({ length: Math.floor(assets / EXPLICIT.modulo) }, (_, place) => place * EXPLICIT.modulo + EXPLICIT.remainder);
  return indexes.map((index) => String(FIRST_ASSET_ID + index));
}

/** Everything, as targets of all three kinds: nine tenths by tag, the rest by query but for the hundredth that is named by id. */
export function planOf(assets: number): CampaignPlanInput {
  return {
    name: 'bench',
    targets: {
      assetTagIds: TARGET_TAGS,
      query: { source: 'car', filter: QUERY },
      assetIds: explicitIds(assets),
    },
    steps: { remediate: SCRIPT_ID },
    waves: [
      { name: 'canary', size: canarySize(assets) },
      ...RING_TAGS.map((tag, ring) => ({ name: `ring ${ring}`, tag })),
      { name: 'rest' },
    ],
    strategy: 'tags',
    output: 'none',
    maxInFlight: MAX_IN_FLIGHT,
    poll: { interval: '1s' },
    deadline: '1h',
  };
}

/** A run over `assets` assets by id, the first of which is the `first` of the fleet, from 0. */
export function runOf({ first, assets }: { first: number; assets: number }): RemediationRequestInput {
  return {
    script: SCRIPT_ID,
    targets: { assetIds: Array.from({ length: assets }, (_, asset) => FIRST_ASSET_ID + first + asset) },
    poll: { interval: '1s' },
    deadline: '1h',
  };
}
