// A plan as it can be rehearsed: the same waves, gates, windows and limits, over a simulated fleet of the cohort's size.
import type { CampaignPlan } from '../contracts/plan.js';
import type { Policy } from '../contracts/policy.js';
import type { SimulatorOptions } from '../simulator/options.js';
import type { Assumptions } from './assumptions.js';

export interface RehearsedPlan {
  plan: CampaignPlan;
  policy: Policy;
  simulator: SimulatorOptions;
  /** How many assets of the fleet have the tag of a wave, by tag: to be given to them in turn. */
  tagSizes: ReadonlyMap<string, number>;
  /** What is otherwise than it would be in earnest, as sentences. */
  notes: string[];
}

/** Every asset of the simulated fleet has this tag: the cohort is asked for by it, whatever its size. */
const COHORT_TAG = 1;
/** No fleet is that large, so no asset has such a tag from the start. */
const NOBODY = 1_000_000_000;

/** `tagSizes`: how many assets of the cohort have the tag of a wave. Throws `RangeError` for a tag without a size. */
export function rehearsedPlan(
  { plan, policy }: { plan: CampaignPlan; policy: Policy },
  assumptions: Assumptions,
  tagSizes: ReadonlyMap<string, number> = new Map(),
): RehearsedPlan {
  const { followUp, waitFor, ...kept } = plan;
  const tags = [...new Set(plan.waves.flatMap(({ tag }) => (tag === undefined ? [] : [tag])))];
  const unknown = tags.filter((tag) => !tagSizes.has(tag));
  if (unknown.length > 0)
    throw new RangeError(`Give the number of assets that have the tag of a wave: ${unknown.map((tag) => `--tag ${tag}=100`).join(' ')}.`);
  const scripts = scriptsOf(plan);
  const steps = Object.fromEntries(
    Object.entries(plan.steps).flatMap(([step, wanted]) =>
      wanted ? [[step, { script: wanted.script, ...(wanted.after === undefined ? {} : { after: wanted.after }) }]] : [],
    ),
  );
  const isPinned = Object.values(plan.steps).some((step) => step?.sha256 !== undefined);
  return {
    plan: {
      ...kept,
      steps: steps as CampaignPlan['steps'],
      targets: { assetTagIds: [String(COHORT_TAG)] },
      ...(followUp?.kind === 'schedule' ? { followUp } : {}),
    },
    policy: { ...policy, scripts: undefined, neverTouch: { assetIds: [], tags: [], hostnames: [] } },
    simulator: {
      assets: assumptions.assets,
      seed: assumptions.seed,
      scripts: [...scripts].map(([title, id]) => ({ id, title })),
      tags: [
        { id: COHORT_TAG, name: 'the cohort' },
        ...tags.map((tag) => ({ id: Number(tag), name: tag, modulo: NOBODY, remainder: NOBODY - 1 })),
      ],
      executionMs: assumptions.executionMs,
      executionIntervalSec: assumptions.executeIntervalMs / 1_000,
      failRate: assumptions.failRate,
      resultLostRate: assumptions.lostRate,
      offlineRate: assumptions.offline.rate,
      ...(assumptions.offline.backAfterMs ? { offlineForMs: assumptions.offline.backAfterMs } : {}),
      outputBytes: { min: 64, max: 64 },
      keepAllCalls: true,
    },
    tagSizes,
    notes: [
      ...(isPinned ? ['Script hashes are not checked: the simulator has its own scripts.'] : []),
      ...(waitFor ? ['The EASM sync of the plan counts as completed.'] : []),
      ...(followUp?.kind === 'recheck' ? ['The recheck is skipped.'] : []),
      ...(plan.strategy === 'assets'
        ? []
        : [`Strategy ${plan.strategy}: the simulated cohort has one tag, and no wave that is a part of it has one.`]),
    ],
  };
}

/** Titles of all scripts that the plan names, with their ids; a script named by its title gets an id of its own. */
function scriptsOf(plan: CampaignPlan): Map<string, number> {
  const wanted = [...Object.values(plan.steps).map((step) => step?.script), plan.followUp?.script];
  const scripts = new Map<string, number>();
  for (const script of wanted) {
    if (script === undefined) continue;
    if (/^\d+$/.test(script)) scripts.set(`Script ${script}`, Number(script));
    else scripts.set(script, scripts.get(script) ?? NOBODY + scripts.size);
  }
  return scripts;
}
