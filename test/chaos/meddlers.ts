// Something between worker and gateway lies: wrong dates, pages in place of answers, cut and doubled answers; or the worker's own clock
// steps.
import { dirname } from 'node:path';
import type { Ledger } from '../../src/ledger/index.js';
import type { SimulatorOptions } from '../../src/simulator/options.js';
import { steppedClock } from '../support/faketime.js';
import { dateMoved, type Meddle, meddlingProxy, type PassingAnswer, page } from '../support/gateway/meddling-proxy.js';
import type { Played } from './deaths.js';
import { drawFrom } from './kills/random.js';
import { assetIds, type ChaosEnvironment, openScene, type Scene } from './scene.js';
import { unverifiedThoughKnown, verdictOf } from './verdict.js';

const SHARE = 0.1;
const TEN_MINUTES_MS = 600_000;
const PAGE_STATUSES = [400, 401, 403, 404, 409, 422, 429, 500, 502, 504] as const;
const SEED = 23;

export interface Meddling {
  name: string;
  assets: number;
  simulator?: SimulatorOptions;
  /** Given numbers between 0 and 1, the same for the same seed. */
  meddle?: (random: () => number) => Meddle;
  /**
   * The worker's clock by real seconds since the first execution: at which second it is how far off, in milliseconds. A scene that looks
   * before its answers tell how fast the simulator is pauses for the 15 s of a first poll, with or without steps.
   */
  clock?: readonly (readonly [atSec: number, byMs: number])[];
}

/** `size`: how many assets; the smallest that still has each lie told several times is the short form. */
export function meddlings(size: number): Meddling[] {
  return [
    {
      name: 'dates ten minutes off in a tenth of the answers',
      assets: size,
      simulator: { faults: { dropAfterEffectRate: 0.1, lostAs: 'mixed' } },
      meddle: (random) => (answer) => (random() < SHARE ? dateMoved(answer, random() < 0.5 ? TEN_MINUTES_MS : -TEN_MINUTES_MS) : undefined),
    },
    {
      name: 'pages in place of a tenth of the answers',
      assets: size,
      meddle: (random) => (answer) => (isAuth(answer) || random() >= SHARE ? undefined : pageFrom(random)),
    },
    {
      name: 'answers that are cut, or come before their time',
      assets: size,
      meddle: (random) => (answer) => {
        const drawn = random();
        if (isAuth(answer) || drawn >= SHARE) return undefined;
        return drawn < SHARE / 2 ? 'cut' : page(504, 'Gateway Time-out');
      },
    },
    {
      name: 'the clock of the worker steps ten minutes forth and back',
      assets: size,
      simulator: { faults: { loseExecutes: [2, 5] } },
      clock: [
        [2, TEN_MINUTES_MS],
        [6, 0],
        [10, -TEN_MINUTES_MS],
        [14, 0],
      ],
    },
    {
      name: 'the clock of the worker is set back a minute, again and again',
      assets: size,
      clock: [
        [2, -60_000],
        [4, -120_000],
        [6, -180_000],
      ],
    },
  ];
}

export async function playMeddling(environment: ChaosEnvironment, { name, assets, simulator, meddle, clock }: Meddling): Promise<Played> {
  const startedAt = performance.now();
  const scene = await openScene(environment, `chaos-${name.replaceAll(/\W+/g, '-').slice(0, 40)}`, {
    simulator: {
      assets,
      speed: 60,
      seed: SEED,
      keepAllCalls: true,
      executionMs: { min: 60_000, max: 240_000 },
      foreignOperator: { username: 'other', everyMs: 20_000, scriptId: 72649 },
      ...simulator,
    },
  });
  const proxy = await meddlingProxy(scene.simulator.url, meddle?.(drawFrom(SEED)));
  scene.plan.simulatorUrl = proxy.url;
  const stepped = clock && steppedClock(dirname(scene.plan.ledgerPath));
  try {
    const ledger = await scene.ledger();
    const request = { script: 72648, targets: { assetIds: assetIds(assets) }, poll: { interval: '1s' }, deadline: '30m' } as const;
    const run = await scene.start({ ...request, maxInFlight: 2 });
    const worker = scene.child({ signal: 'SIGKILL' }, stepped?.env);
    const timers: NodeJS.Timeout[] = [];
    void firstExecution(scene).then(() => {
      for (const [atSec, byMs] of clock ?? []) timers.push(setTimeout(() => stepped?.step(byMs), atSec * 1_000).unref());
    });
    const report = await run.result();
    for (const timer of timers) clearTimeout(timer);
    const facts = { simulator: scene.simulator, ledger, runId: scene.workflowId };
    const verdict = await verdictOf(facts, report, { size: assets, unverified: 'some' });
    const problems = [...verdict.problems, ...(await moreProblems(environment, scene, ledger))];
    worker.signal('SIGTERM');
    await worker.ended;
    return { ...verdict, problems, name, kills: 0, seconds: Math.round((performance.now() - startedAt) / 1_000) };
  } finally {
    await scene.close();
    await proxy.close();
  }
}

async function firstExecution({ simulator }: Scene): Promise<void> {
  while (!simulator.state.executions.some(({ user }) => user === 'demo')) await new Promise((resolve) => setTimeout(resolve, 50).unref());
}

/** Every answer arrives in the end: nothing is left that cannot be known, and no busy loop wrote history. */
async function moreProblems({ client }: ChaosEnvironment, scene: Scene, ledger: Ledger): Promise<string[]> {
  const problems: string[] = [];
  const known = await unverifiedThoughKnown({ simulator: scene.simulator, ledger, runId: scene.workflowId });
  if (known > 0) problems.push(`${known} assets are unverified although Qualys knows`);
  const { historyLength } = await client.workflow.getHandle(scene.workflowId).describe();
  const most = 60 + 40 * scene.simulator.state.executions.filter(({ user }) => user === 'demo').length;
  if (historyLength > most) problems.push(`${historyLength} events in the history, at most ${most} were expected`);
  return problems;
}

function isAuth({ path }: PassingAnswer): boolean {
  return path.startsWith('/auth');
}

function pageFrom(random: () => number): ReturnType<typeof page> {
  const status = PAGE_STATUSES[Math.floor(random() * PAGE_STATUSES.length)] ?? 502;
  const shown = page(status);
  return random() < 0.3 ? { ...shown, body: '' } : shown;
}
