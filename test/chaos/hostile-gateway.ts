// Everything at once: answers that are cut or replaced by pages after the effect, dates that lie, executions spread over two jobs, users
// that the trail calls by other names, operators on other assets in the same seconds, and a worker that is killed.
import { setTimeout as pause } from 'node:timers/promises';
import { dateMoved, type Meddle, meddlingProxy, page } from '../support/gateway/meddling-proxy.js';
import type { Played } from './deaths.js';
import { drawFrom } from './kills/random.js';
import { assetIds, type ChaosEnvironment, type Child, openScene } from './scene.js';
import { unverifiedThoughKnown, verdictOf } from './verdict.js';

const SIZE = 1_000;
const SEED = 31;
const KILLS = 3;
/** After a death Temporal waits 15 s for a heartbeat; a second death in that time would find nothing begun. */
const AFTER_TAKEOVER_MS = 17_000;
const TEN_MINUTES_MS = 600_000;
const PAGES = [400, 401, 403, 404, 409, 422, 429, 502] as const;
/** What is asked of it. */
const MOST_UNVERIFIED = 25;
const MOST_CALLS_AN_EXECUTION = 4;

export const HOSTILE_GATEWAY = { name: 'a hostile gateway: 1,000 assets', kills: KILLS, play: playHostileGateway };

async function playHostileGateway(environment: ChaosEnvironment): Promise<Played> {
  const startedAt = performance.now();
  const follower = { scriptId: 72648, assetsPerRun: 5, fromIndex: SIZE };
  const scene = await openScene(environment, 'chaos-hostile', {
    simulator: {
      assets: SIZE + 300,
      speed: 60,
      seed: SEED,
      keepAllCalls: true,
      failRate: 0.05,
      splitRate: 0.15,
      executionMs: { min: 120_000, max: 600_000 },
      displayNames: { demo: 'FIM Automation', ada: 'Ada L.', bob: 'Bob M.' },
      foreignOperator: [
        { ...follower, username: 'ada', followsMs: 700 },
        { ...follower, username: 'bob', followsMs: 2_500 },
      ],
    },
  });
  const proxy = await meddlingProxy(scene.simulator.url, meddle(drawFrom(SEED)));
  scene.plan.simulatorUrl = proxy.url;
  try {
    const request = { script: 72648, targets: { assetIds: assetIds(SIZE) }, poll: { interval: '5s' }, deadline: '30m' } as const;
    const run = await scene.start({ ...request, maxInFlight: 8 });
    const ended = run.result();
    let over = false;
    void ended.finally(() => {
      over = true;
    });
    let worker: Child = scene.child({ signal: 'SIGKILL' });
    let kills = 0;
    for (; kills < KILLS; kills += 1) {
      await worker.ready;
      await pause(kills === 0 ? 3_000 : AFTER_TAKEOVER_MS);
      if (over) break;
      worker.signal('SIGKILL');
      await worker.ended;
      worker = scene.child({ signal: 'SIGKILL' });
    }
    const report = await ended;
    const facts = { simulator: scene.simulator, ledger: await scene.ledger(), runId: scene.workflowId };
    const verdict = await verdictOf(facts, report, { size: SIZE, unverified: 'some' });
    const known = await unverifiedThoughKnown(facts);
    const calls = report.apiCalls / verdict.executes;
    if (known > MOST_UNVERIFIED) verdict.problems.push(`${known} assets are unverified although Qualys knows`);
    if (calls > MOST_CALLS_AN_EXECUTION) verdict.problems.push(`${calls.toFixed(1)} calls an execution`);
    if (kills < KILLS) verdict.problems.push(`the run was over after ${kills} of ${KILLS} kills`);
    const name = `${HOSTILE_GATEWAY.name} (${known} unverified that Qualys knows, ${calls.toFixed(1)} calls an execution)`;
    return { ...verdict, name, kills, seconds: Math.round((performance.now() - startedAt) / 1_000) };
  } finally {
    await scene.close();
    await proxy.close();
  }
}

function meddle(random: () => number): Meddle {
  return (answer) => {
    const drawn = random();
    if (answer.path.startsWith('/auth')) return undefined;
    if (drawn < 0.05) return 'cut';
    if (drawn < 0.15) return page(PAGES[Math.floor(random() * PAGES.length)] ?? 502);
    return drawn < 0.25 ? dateMoved(answer, random() < 0.5 ? TEN_MINUTES_MS : -TEN_MINUTES_MS) : undefined;
  };
}
