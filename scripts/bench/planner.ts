// How the tag planner's time grows from 1,000 to 100,000 assets with 2,000 tags, and how long it and its check ever hold the event loop.
import { setImmediate as turn } from 'node:timers/promises';
import { median } from '../../src/domain/polling/cadence.js';
import { planTags, type TagPlan, type TagPlanInput } from '../../src/domain/tags/plan.js';
import { verifyPlan } from '../../src/domain/tags/plan-check.js';

const SIZES = [1_000, 3_000, 10_000, 30_000, 100_000];
const TAGS = 2_000;
const ROUNDS = 5;
/** Tags an asset has, where tags overlap. */
const TAGS_AN_ASSET = 10;
const PRICE = { callsPerExecution: 1, membersPerCall: 10_000, planningCalls: 0 };

interface Scene {
  name: string;
  tags: (assets: number) => { tagId: string; assetIds: string[] }[];
}

const SCENES: Scene[] = [
  {
    name: 'neighbours overlap, half of the tags have foreign members',
    tags: (assets) =>
      tagsOf((tag, random) => {
        const size = Math.max(1, Math.round((assets * TAGS_AN_ASSET * 2 * random()) / TAGS));
        const from = Math.floor(random() * Math.max(1, assets - size));
        const foreign = tag % 2 === 0 ? Math.floor(random() * 30) : 0;
        return [...run(from, Math.min(assets, from + size)), ...run(10_000_000 + tag * 100, 10_000_000 + tag * 100 + foreign)];
      }),
  },
  {
    name: 'every member at random',
    tags: (assets) =>
      tagsOf((_tag, random) => Array.from({ length: (assets * TAGS_AN_ASSET) / TAGS }, () => assetId(Math.floor(random() * assets)))),
  },
  {
    name: 'ten tags hold everything, the others are whole and disjoint',
    tags: (assets) =>
      tagsOf((tag) => (tag < 10 ? run(0, assets) : run(Math.floor((assets * (tag - 10)) / TAGS), Math.floor((assets * (tag - 9)) / TAGS)))),
  },
];

function tagsOf(members: (tag: number, random: () => number) => string[]): { tagId: string; assetIds: string[] }[] {
  const random = seeded(42);
  return Array.from({ length: TAGS }, (_, tag) => ({ tagId: String(8_000_000 + tag), assetIds: members(tag, random) }));
}

function assetId(index: number): string {
  return String(20_000_000 + index);
}

function run(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, index) => assetId(from + index));
}

/** The same numbers between 0 and 1 every time (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A pause that measures how long the work before it held the event loop. */
class Holds {
  longestMs = 0;
  #since = performance.now();

  begin(): void {
    this.#since = performance.now();
  }

  end(): void {
    this.longestMs = Math.max(this.longestMs, performance.now() - this.#since);
  }

  readonly yieldToLoop = async (): Promise<void> => {
    this.end();
    await turn();
    this.begin();
  };
}

async function timed<T>(holds: Holds, work: () => Promise<T>): Promise<[T, number]> {
  await turn();
  holds.begin();
  const started = performance.now();
  const result = await work();
  holds.end();
  return [result, performance.now() - started];
}

async function measure(scene: Scene, holds: { plan: Holds; check: Holds }): Promise<void> {
  console.log(`\n${scene.name}: ${TAGS.toLocaleString('en')} tags, medians of ${ROUNDS} rounds`);
  let before: { members: number; planMs: number } | undefined;
  const all: number[] = [];
  for (const assets of SIZES) {
    const input: TagPlanInput = { cohort: run(0, assets), tags: scene.tags(assets), strategy: 'tags', price: PRICE };
    const members = input.tags.reduce((sum, tag) => sum + tag.assetIds.length, 0);
    const { plan, planMs, checkMs } = await rounds(input, holds);
    const growth = before
      ? `${(planMs / before.planMs).toFixed(1)} × the time for ${(members / before.members).toFixed(1)} × the members`
      : '';
    console.log(
      `${assets} assets, ${members} members: plan ${planMs.toFixed(1)} ms, check ${checkMs.toFixed(1)} ms; ` +
        `${plan.cost.executions} executions (by ids ${plan.byIds.executions}, none below ${plan.atLeast}) ${growth}`,
    );
    before = { members, planMs };
    all.push(planMs);
  }
  console.log(`${(SIZES.at(-1) ?? 0) / (SIZES[0] ?? 1)} × the assets took ${((all.at(-1) ?? 0) / (all[0] ?? 1)).toFixed(1)} × the time`);
}

async function rounds(
  input: TagPlanInput,
  holds: { plan: Holds; check: Holds },
): Promise<{ plan: TagPlan; planMs: number; checkMs: number }> {
  const memberships = new Map(input.tags.map((tag) => [tag.tagId, tag.assetIds]));
  const took: { plan: number[]; check: number[] } = { plan: [], check: [] };
  for (let round = 1; ; round += 1) {
    const [plan, planMs] = await timed(holds.plan, () => planTags(input, holds.plan.yieldToLoop));
    const [check, checkMs] = await timed(holds.check, () => verifyPlan({ ...input, ...plan }, memberships, holds.check.yieldToLoop));
    const faults = [...check.problems, ...check.executions.filter(({ verdict }) => verdict !== 'exact')];
    if (faults.length > 0) throw new Error(`The plan is not exact, so its time means nothing: ${JSON.stringify(faults[0])}`);
    took.plan.push(planMs);
    took.check.push(checkMs);
    if (round === ROUNDS) return { plan, planMs: median(took.plan) ?? Number.NaN, checkMs: median(took.check) ?? Number.NaN };
  }
}

const holds = { plan: new Holds(), check: new Holds() };
for (const scene of SCENES) await measure(scene, holds);
console.log(`\nlongest hold of the event loop in all rounds, garbage collection included (at most 50 ms):`);
console.log(`planning ${holds.plan.longestMs.toFixed(1)} ms, checking ${holds.check.longestMs.toFixed(1)} ms`);
