// Waits of workflows are Temporal's, whose clock is right: however a worker's is set under it, they end when they should.
import { dirname } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { SimulatorOptions } from '../../src/simulator/options.js';
import { type Progress, progress } from '../../src/workflows/shared/messages.js';
import { type SteppedClock, steppedClock } from '../support/faketime.js';
import { type TemporalEnv, temporalEnv } from '../support/product/temporal-env.js';
import { assetIds, type ChaosEnvironment, openScene, type Scene } from './scene.js';

const TEN_MINUTES = 600_000;
/** A busy machine may be late by so much; a clock that decided would be by ten minutes. */
const LATE = 120_000;
const SOAK = 6_000;
const MINUTE = 60_000;

let env: TemporalEnv;
let environment: ChaosEnvironment;
let campaign: Awaited<ReturnType<typeof soakedTwice>>;
let cancelled: Awaited<ReturnType<typeof cancelledInFlight>>;

beforeAll(async () => {
  env = await temporalEnv();
  environment = { client: env.client, address: env.address, namespace: env.namespace, bundle: env.workflowBundle.codePath };
  [campaign, cancelled] = await Promise.all([soakedTwice(), cancelledInFlight()]);
}, 900_000);

afterAll(() => env.close());

test('a soak is neither shorter for a worker ten minutes ahead, nor longer for one ten minutes behind', () => {
  const soaks = campaign.timers.filter(({ limitMs }) => Math.abs(limitMs - SOAK) < 1_000);
  expect(campaign.report).toMatchObject({ status: 'succeeded', counts: { targeted: 3, succeeded: 3 } });
  expect(soaks.map(({ end }) => end)).toEqual(['fired', 'fired']);
  for (const { limitMs, tookMs } of soaks) expect([tookMs >= limitMs, tookMs < limitMs + LATE]).toEqual([true, true]);
});

test('polls of a step come as often as always', () => {
  const polls = campaign.timers.filter(({ limitMs }) => Math.abs(limitMs - SOAK) >= 1_000);
  expect(polls.length).toBeGreaterThan(0);
  for (const { limitMs, tookMs, end } of polls) {
    expect(limitMs).toBe(5_000);
    expect([end === 'cancelled' || tookMs >= limitMs, tookMs < limitMs + LATE]).toEqual([true, true]);
  }
});

test('the minute after a cancel is a minute', () => {
  const [minute, ...others] = cancelled.timers.filter(({ limitMs }) => limitMs > MINUTE / 2);
  expect([minute?.end, others]).toEqual(['fired', []]);
  expect(minute?.tookMs).toBeGreaterThanOrEqual(minute?.limitMs ?? MINUTE);
  expect(minute?.tookMs).toBeLessThan(MINUTE + LATE);
  expect(cancelled.report).toMatchObject({ status: 'cancelled', executions: 1, counts: { targeted: 2, unverified: 2 } });
});

/** Its first wave soaks while the worker is set forward, its second while it is set back; what comes in between is done by that clock. */
async function soakedTwice() {
  return played('soaked', { executionMs: { min: 240_000, max: 240_000 } }, async (scene, { step }) => {
    const run = await scene.startCampaign({
      name: 'openssl',
      targets: { assetIds: assetIds(3) },
      steps: { remediate: 72648 },
      poll: { interval: '1s' },
      deadline: '30m',
      waves: [{ name: 'ahead', size: 1, soak: '6s' }, { name: 'behind', size: 1, soak: '6s' }, { name: 'rest' }],
    });
    await eventually(scene, ({ phase, counts }) => phase === 'soaking' && counts.succeeded === 1);
    step(TEN_MINUTES);
    await eventually(scene, ({ phase, counts }) => phase === 'soaking' && counts.succeeded === 2);
    step(-TEN_MINUTES);
    return run.result();
  });
}

/** Nothing of it ever ends. The worker is set forward at once, and back once the minute is under way. */
async function cancelledInFlight() {
  return played('cancelled', { executionMs: { min: 36_000_000, max: 36_000_000 } }, async (scene, { step }) => {
    const run = await scene.start({ script: 72648, targets: { assetIds: assetIds(2) }, poll: { interval: '1s' }, deadline: '30m' });
    await eventually(scene, ({ inFlight }) => inFlight === 1);
    await run.cancel();
    await eventually(scene, ({ phase }) => phase === 'closing');
    step(TEN_MINUTES);
    setTimeout(() => step(-TEN_MINUTES), MINUTE / 4).unref();
    return run.result();
  });
}

interface Timer {
  limitMs: number;
  /** By Temporal's clock. */
  tookMs: number;
  end: 'fired' | 'cancelled';
}

async function played<Report>(name: string, simulator: SimulatorOptions, play: (scene: Scene, clock: SteppedClock) => Promise<Report>) {
  const scene = await openScene(environment, `stepped-${name}`, { simulator: { assets: 10, speed: 60, ...simulator } });
  try {
    const clock = steppedClock(dirname(scene.plan.ledgerPath));
    const worker = scene.child({ signal: 'SIGKILL' }, clock.env);
    const report = await play(scene, clock);
    worker.signal('SIGTERM');
    await worker.ended;
    return { report, timers: await timersOf(scene) };
  } finally {
    await scene.close();
  }
}

async function timersOf({ workflowId }: Scene): Promise<Timer[]> {
  const { events } = await environment.client.workflow.getHandle(workflowId).fetchHistory();
  const begun = new Map<string, { limitMs: number; at: number }>();
  const timers: Timer[] = [];
  for (const { eventTime, timerStartedEventAttributes: started, timerFiredEventAttributes, timerCanceledEventAttributes } of events ?? []) {
    const at = msOf(eventTime);
    if (started) begun.set(started.timerId ?? '', { limitMs: msOf(started.startToFireTimeout), at });
    const ended = timerFiredEventAttributes ?? timerCanceledEventAttributes;
    const timer = begun.get(ended?.timerId ?? '');
    if (timer) timers.push({ limitMs: timer.limitMs, tookMs: at - timer.at, end: timerFiredEventAttributes ? 'fired' : 'cancelled' });
  }
  return timers;
}

function msOf(time: { seconds?: unknown; nanos?: number | null } | null | undefined): number {
  return Number(time?.seconds ?? 0) * 1_000 + Number(time?.nanos ?? 0) / 1e6;
}

async function eventually({ workflowId }: Scene, holds: (seen: Progress) => boolean): Promise<void> {
  const handle = environment.client.workflow.getHandle(workflowId);
  while (!holds(await handle.query(progress))) await new Promise((resolve) => setTimeout(resolve, 200));
}
