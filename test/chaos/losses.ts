// What a run stands on is taken away while it runs: its ledger, its workflow, its only worker. Nothing may be sent twice for it.

import { rename } from 'node:fs/promises';
import { sweep } from '../../src/recovery/sweep.js';
import { backUpLedger, replaceLedger } from '../support/ledger/backup.js';
import { ledgerOf } from '../support/ledger/inspector.js';
import { age } from '../support/ledger/scenario.js';
import type { Played } from './deaths.js';
import { assetIds, type ChaosEnvironment, openScene, type Scene } from './scene.js';
import { type Verdict, verdictOf } from './verdict.js';

const SPEED = 600;
/** Real milliseconds that an execution is in flight: long enough to take something away meanwhile. */
const IN_FLIGHT_MS = 8_000;
const executionMs = { min: (IN_FLIGHT_MS - 1_000) * SPEED, max: IN_FLIGHT_MS * SPEED };

export const LOSSES: Readonly<Record<string, (environment: ChaosEnvironment) => Promise<Played>>> = {
  'a backup from before a send': (environment) => restoreBackup(environment, { maxInFlight: 1 }),
  'a backup from before a claim': (environment) => restoreBackup(environment, { maxInFlight: 2 }),
  'an empty ledger, until the right one is back': loseLedger,
  'a terminated workflow': terminate,
  'two workers on one ledger': twoWorkers,
};

/**
 * The backup is taken while the first execution is claimed and not sent, and restored when it is in flight. With one execution at a
 * time the backup knows as many claims as the workflow does, and only the number of acceptances shows that it is old.
 */
async function restoreBackup(environment: ChaosEnvironment, { maxInFlight }: { maxInFlight: number }): Promise<Played> {
  return played(environment, `a backup from before a ${maxInFlight === 1 ? 'send' : 'claim'}`, async (scene) => {
    const backup = `${scene.plan.ledgerPath}.backup`;
    const run = await scene.start(requestFor(60, maxInFlight));
    const first = scene.child({ failpoint: { step: 'permit', moment: 'before', passage: 1 }, signal: 'SIGKILL' });
    await first.ended;
    backUpLedger(scene.plan.ledgerPath, backup);
    const healthy = await scene.healthy();
    await until(async () => (await progress(environment, scene)).inFlight >= maxInFlight);
    await healthy.stop();
    const sent = scene.simulator.state.executions.filter(({ user }) => user === 'demo');
    await replaceLedger(scene.plan.ledgerPath, backup);
    await scene.healthy();
    await until(async () => (await progress(environment, scene)).phase === 'blocked');
    const { blocked = '' } = await progress(environment, scene);
    await run.cancel();
    const report = await run.result();
    const problems: string[] = [];
    if (!/restored from an older backup/.test(blocked)) problems.push(`the run says it is blocked because: ${blocked}`);
    const executed = new Set(sent.flatMap((execution) => execution.assetIds));
    const executes = scene.simulator.state.executions.filter(({ user }) => user === 'demo').length;
    if (executes !== sent.length) problems.push(`${executes - sent.length} executes were sent after the restore`);
    const rows = await ledgerOf(await scene.ledger()).columns('attempts', ['assetId', 'outcome', 'reason'], {
      runId: scene.workflowId,
      last: 1,
    });
    const untrue = rows.filter((row) => row.outcome === 'skipped' && executed.has(row.assetId));
    if (untrue.length > 0) problems.push(`${untrue.length} assets that got the script are called skipped`);
    if (report.status !== 'cancelled') problems.push(`the report says ${report.status}`);
    return { executes, twice: 0, counts: report.counts, problems };
  });
}

/** A worker with an empty ledger never gets this run's work: it waits, and goes on when its own ledger is back. */
async function loseLedger(environment: ChaosEnvironment): Promise<Played> {
  return played(environment, 'an empty ledger, until the right one is back', async (scene) => {
    const aside = `${scene.plan.ledgerPath}.aside`;
    const run = await scene.start(requestFor(60, 2));
    const first = await scene.healthy();
    await until(async () => (await progress(environment, scene)).inFlight >= 2);
    await first.stop();
    await rename(scene.plan.ledgerPath, aside);
    await replaceLedger(scene.plan.ledgerPath);
    const second = await scene.healthy();
    const problems: string[] = [];
    await until(async () => {
      const { raw } = await environment.client.workflow.getHandle(scene.workflowId).describe();
      return Date.now() - Number(raw.workflowExecutionInfo?.startTime?.seconds ?? 0) * 1_000 > 2 * IN_FLIGHT_MS;
    });
    const meanwhile = executesOf(scene);
    if (meanwhile !== 2) problems.push(`${meanwhile} executes were sent, 2 of them with the right ledger`);
    await second.stop();
    await replaceLedger(scene.plan.ledgerPath, aside);
    await scene.healthy();
    return judged(scene, await run.result(), 60, problems);
  });
}

/** The sweep gives every asset its last word and frees the leases; what the run still does late changes nothing. */
async function terminate(environment: ChaosEnvironment): Promise<Played> {
  return played(environment, 'a terminated workflow', async (scene) => {
    const run = await scene.start(requestFor(60, 2));
    const worker = await scene.healthy();
    await until(async () => (await progress(environment, scene)).inFlight >= 2);
    await run.terminate();
    const ledger = await scene.ledger();
    // The sweep leaves young runs alone.
    await age(ledger, 3_600_000);
    const logger = { warn: () => undefined };
    const closed = await sweep({ ledger, client: environment.client, namespace: environment.namespace, logger });
    const problems: string[] = [];
    if (closed.length !== 1) problems.push(`the sweep closed ${closed.length} runs`);
    const terms = { ...scene.plan.timings, executionsPerDay: 1_000, serverAt: 0, sender: 'demo' };
    const { fence = 0 } = (await ledger.runs.get(scene.workflowId)) ?? {};
    const late = await ledger.executions.permit(scene.workflowId, 3, { fence, terms });
    if (late.kind !== 'refused') problems.push('a permit was granted after the run was closed');
    if ((await ledger.executions.claim(scene.workflowId, fence)) !== undefined)
      problems.push('a batch was claimed after the run was closed');
    const report = (await ledger.runs.get(scene.workflowId))?.report;
    if (!report) throw new Error('The sweep wrote no report.');
    await worker.stop();
    const { counts } = report;
    const verdict = await verdictOf({ ...scene, ledger, runId: scene.workflowId }, report, { size: 60, unverified: 'some' });
    // Fates are not compared: most were cut off. What was sent is unverified, the rest was skipped.
    const real = verdict.problems.filter((problem) => !problem.startsWith('asset '));
    if (counts.unverified !== 50 || counts.skipped !== 10)
      problems.push(`50 unverified and 10 skipped were expected: ${JSON.stringify(counts)}`);
    return { ...verdict, problems: [...problems, ...real] };
  });
}

async function twoWorkers(environment: ChaosEnvironment): Promise<Played> {
  return played(
    environment,
    'two workers on one ledger',
    async (scene) => {
      scene.child({ signal: 'SIGKILL' });
      scene.child({ signal: 'SIGKILL' });
      const run = await scene.start({ ...requestFor(200, 4), targets: { assetIds: assetIds(200) } });
      return judged(scene, await run.result(), 200, []);
    },
    { assets: 200, executionMs: { min: 60_000, max: 300_000 }, faults: { loseExecutes: [3, 6], failRate: 0.03 } },
  );
}

async function judged(scene: Scene, report: Parameters<typeof verdictOf>[1], size: number, problems: string[]): Promise<Verdict> {
  const ledger = await scene.ledger();
  const verdict = await verdictOf({ simulator: scene.simulator, ledger, runId: scene.workflowId }, report, { size });
  return { ...verdict, problems: [...problems, ...verdict.problems] };
}

async function played(
  environment: ChaosEnvironment,
  name: string,
  play: (scene: Scene) => Promise<Verdict>,
  simulator: Parameters<typeof openScene>[2]['simulator'] = {},
): Promise<Played> {
  const startedAt = performance.now();
  const scene = await openScene(environment, `chaos-${name.replaceAll(/\W+/g, '-')}`, {
    simulator: {
      assets: 60,
      speed: SPEED,
      keepAllCalls: true,
      executionMs,
      foreignOperator: { username: 'other', everyMs: 300_000, scriptId: 72649 },
      ...simulator,
    },
  });
  try {
    return {
      ...(await play(scene)),
      name,
      kills: name.includes('backup') ? 1 : 0,
      seconds: Math.round((performance.now() - startedAt) / 1_000),
    };
  } finally {
    await scene.close();
  }
}

function requestFor(size: number, maxInFlight: number) {
  return { script: 72648, targets: { assetIds: assetIds(size) }, maxInFlight, poll: { interval: '1s' }, deadline: '10m' };
}

async function progress(
  { client }: ChaosEnvironment,
  { workflowId }: Scene,
): Promise<{ phase: string; inFlight: number; blocked?: string }> {
  return client.workflow.getHandle(workflowId).query('progress');
}

function executesOf({ simulator }: Scene): number {
  return simulator.state.executions.filter(({ user }) => user === 'demo').length;
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 100));
}
