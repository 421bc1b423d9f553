// Temporal's database is thrown away in the middle of a campaign: nobody but the sweep is left to end it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import type { CampaignReport } from '../../../src/domain/campaign/status.js';
import type { Ledger } from '../../../src/ledger/index.js';
import { sweep } from '../../../src/recovery/sweep.js';
import { startDevServer } from '../../../src/temporal/dev-server.js';
import type { Played } from '../deaths.js';
import { type ChaosEnvironment, openScene, type Scene } from '../scene.js';
import { CAMPAIGN_GATEWAY, campaignPlan } from './deaths.js';
import { campaignVerdict, outcomesOf } from './verdict.js';

const SIZE = 60;
const CANARY = 30;
const SPEED = 600;
/** Real milliseconds that an execution is in flight: long enough for a server to go away. */
const IN_FLIGHT_MS = 8_000;

interface Where {
  executable: string;
  bundle: string;
}

export const CAMPAIGN_LOSSES: Readonly<Record<string, (where: Where) => Promise<Played>>> = {
  "campaign: Temporal's database thrown away": loseTemporal,
};

async function loseTemporal({ executable, bundle }: Where): Promise<Played> {
  const startedAt = performance.now();
  const folder = await mkdtemp(join(tmpdir(), 'overhaul-chaos-temporal-'));
  const server = (name: string, port?: number) =>
    startDevServer({ executable, dbFilename: join(folder, name), logFile: join(folder, 'temporal.log'), ...(port ? { port } : {}) });
  let temporal = await server('lost.db');
  const { address } = temporal;
  const connections = [await Connection.connect({ address })];
  const environment: ChaosEnvironment = {
    client: new Client({ connection: connections[0] as Connection }),
    address,
    namespace: 'default',
    bundle,
  };
  const scene = await openScene(environment, 'chaos-campaign-lost', {
    simulator: { ...CAMPAIGN_GATEWAY, assets: SIZE, executionMs: { min: (IN_FLIGHT_MS - 1_000) * SPEED, max: IN_FLIGHT_MS * SPEED } },
  });
  try {
    await scene.startCampaign(campaignPlan(SIZE, CANARY));
    const worker = await scene.healthy();
    const ledger = await scene.ledger();
    while ((await ledger.executions.inState(`${scene.workflowId}/canary/assess`, ['accepted'])).length < 2) await pause(50);
    await temporal.stop();
    temporal = await server('new.db', Number(address.split(':')[1]));
    const connection = await Connection.connect({ address });
    connections.push(connection);
    const problems = await swept({ scene, ledger, client: new Client({ connection }) });
    await worker.stop().catch(() => undefined);
    const report = (await ledger.runs.get(scene.workflowId))?.report as CampaignReport | undefined;
    if (!report) throw new Error('The sweep wrote no report.');
    const facts = { simulator: scene.simulator, ledger, campaignId: scene.workflowId };
    const verdict = await campaignVerdict(facts, report, await outcomesOf(ledger, scene.workflowId));
    const { unverified, skipped } = report.counts;
    if (unverified !== CANARY || skipped !== SIZE - CANARY) problems.push(`${unverified} are unverified and ${skipped} skipped`);
    return {
      ...{ ...verdict, problems: [...problems, ...verdict.problems] },
      ...{ name: "campaign: Temporal's database thrown away", kills: 0, seconds: Math.round((performance.now() - startedAt) / 1_000) },
    };
  } finally {
    await scene.close();
    for (const connection of connections) await connection.close();
    await temporal.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Sweeps before and after the day in which another worker might still have seen the workflows. */
async function swept({ scene, ledger, client }: { scene: Scene; ledger: Ledger; client: Client }): Promise<string[]> {
  const problems: string[] = [];
  const { workflowId } = scene;
  const dependencies = { ledger, client, namespace: 'default', logger: { warn: () => undefined } };
  const early = await sweep({ ...dependencies, times: { youngestMs: 0 } });
  if (early.length > 0) problems.push(`the sweep closed ${early.join(', ')} at once`);
  const closed = await sweep({ ...dependencies, times: { youngestMs: 0, elsewhereMs: 0 } });
  if (closed.join() !== `${workflowId}/canary/assess,${workflowId}`) problems.push(`the sweep closed ${closed.join(', ')}`);
  const before = executesOf(scene);
  // As long as the executions that are in flight: whoever still lived would send on.
  await pause(IN_FLIGHT_MS + 2_000);
  if (executesOf(scene) !== before) problems.push(`${executesOf(scene) - before} executes were sent after the sweep`);
  return problems;
}

function executesOf({ simulator }: Scene): number {
  return simulator.state.executions.filter(({ user }) => user === 'demo').length;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
