// `npm run chaos`: kills workers at every step of a run, stops them, takes Temporal and the ledger away, and counts what ran twice.
// Words as arguments play only the scenes whose name has one of them.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import Table from 'cli-table3';
import { startDevServer } from '../src/temporal/dev-server.js';
import { createLogger } from '../src/temporal/logger.js';
import { installRuntime } from '../src/temporal/runtime.js';
import { BACKUPS, playBackup } from '../test/chaos/backups.js';
import { CAMPAIGN_DEATHS } from '../test/chaos/campaign/death-table.js';
import { playCampaignDeath } from '../test/chaos/campaign/deaths.js';
import { LONG_CAMPAIGN_KILLS, playCampaignKills } from '../test/chaos/campaign/kills.js';
import { CAMPAIGN_LOSSES } from '../test/chaos/campaign/losses.js';
import { DEATHS } from '../test/chaos/death-table.js';
import { type Played, playDeath } from '../test/chaos/deaths.js';
import { HOSTILE_GATEWAY } from '../test/chaos/hostile-gateway.js';
import { LONG_RANDOM_KILLS, playRandomKills } from '../test/chaos/kills/random.js';
import { LONG_RUN_KILLS, playRunKills } from '../test/chaos/kills/run.js';
import { LONG_SERVER_KILLS, playServerKills } from '../test/chaos/kills/server.js';
import { LOSSES } from '../test/chaos/losses.js';
import { meddlings, playMeddling } from '../test/chaos/meddlers.js';
import type { ChaosEnvironment } from '../test/chaos/scene.js';
import { playStaleLedger, STALE_LEDGERS } from '../test/chaos/stale-ledger.js';
import { playTemporalRestart } from '../test/chaos/temporal-restart.js';
// @ts-expect-error a plain script without types
import { findTemporal } from './temporal.mjs';
// @ts-expect-error a plain script without types
import { bundle } from './workflow-bundle.mjs';

/** Most of a scene is waiting for Temporal to notice a death. */
const AT_ONCE = Number(process.env['AT_ONCE'] ?? 8);
/** A scene that is not over by then never will be. */
const LONGEST_MS = 5 * 60_000;
const WORKFLOWS = fileURLToPath(new URL('../src/workflows/index.ts', import.meta.url));

function killed(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended before us, as it should.
  }
}

interface Turn {
  name: string;
  kills: number;
  longestMs?: number;
  play(): Promise<Played>;
}

async function main(wanted: readonly string[]): Promise<number> {
  installRuntime(createLogger('fatal', 'chaos'));
  const folder = await mkdtemp(join(tmpdir(), 'overhaul-chaos-'));
  const executable = (await findTemporal(() => undefined)) as string;
  const server = await startDevServer({ executable, logFile: join(folder, 'temporal.log') });
  process.once('exit', () => killed(server.pid));
  const connection = await Connection.connect({ address: server.address });
  try {
    const codePath = (await bundle(WORKFLOWS, join(folder, 'workflows.js'))) as string;
    const environment: ChaosEnvironment = {
      client: new Client({ connection }),
      address: server.address,
      namespace: 'default',
      bundle: codePath,
    };
    const turns = allTurns(environment, executable).filter(({ name }) => wanted.length === 0 || wanted.some((word) => name.includes(word)));
    const played = await inParallel(turns);
    print(played);
    return played.filter(({ problems }) => problems.length > 0).length;
  } finally {
    await connection.close();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function allTurns(environment: ChaosEnvironment, executable: string): Turn[] {
  return [
    { name: LONG_RANDOM_KILLS.name, kills: LONG_RANDOM_KILLS.kills, play: () => playRandomKills(environment, LONG_RANDOM_KILLS) },
    {
      name: LONG_CAMPAIGN_KILLS.name,
      kills: LONG_CAMPAIGN_KILLS.kills,
      longestMs: 45 * 60_000,
      play: () => playCampaignKills({ executable, bundle: environment.bundle, say: console.log }, LONG_CAMPAIGN_KILLS),
    },
    {
      name: LONG_RUN_KILLS.name,
      kills: LONG_RUN_KILLS.kills,
      longestMs: 20 * 60_000,
      play: () => playRunKills({ executable, bundle: environment.bundle, say: console.log }, LONG_RUN_KILLS),
    },
    { name: LONG_SERVER_KILLS.name, kills: LONG_SERVER_KILLS.kills, longestMs: 25 * 60_000, play: () => serverKilled(environment) },
    { ...HOSTILE_GATEWAY, longestMs: 15 * 60_000, play: () => HOSTILE_GATEWAY.play(environment) },
    { name: 'Temporal restarted', kills: 0, play: () => playTemporalRestart(executable) },
    ...meddlings(300).map((meddling) => ({ name: meddling.name, kills: 0, play: () => playMeddling(environment, meddling) })),
    ...Object.entries(LOSSES).map(([name, play]) => ({ name, kills: 0, play: () => play(environment) })),
    ...Object.entries(CAMPAIGN_LOSSES).map(([name, play]) => ({
      name,
      kills: 0,
      play: () => play({ executable, bundle: environment.bundle }),
    })),
    ...BACKUPS.map((backup) => ({ name: backup.name, kills: 2, play: () => playBackup(environment, backup) })),
    ...STALE_LEDGERS.map((old) => ({ name: old.name, kills: 1, play: () => playStaleLedger(environment, old) })),
    ...DEATHS.map((death) => ({ name: death.name, kills: death.deaths.length, play: () => playDeath(environment, death) })),
    ...CAMPAIGN_DEATHS.map((death) => ({
      name: death.name,
      kills: death.deaths.length,
      play: () => playCampaignDeath(environment, death),
    })),
  ];
}

/** Nothing is sent to Qualys here: what counts is which runs there are. */
async function serverKilled(environment: ChaosEnvironment): Promise<Played> {
  const startedAt = performance.now();
  const { name } = LONG_SERVER_KILLS;
  const { kills, problems, events } = await playServerKills(environment, LONG_SERVER_KILLS);
  console.log(`${name}: ${events} events acknowledged`);
  return { name, kills, seconds: Math.round((performance.now() - startedAt) / 1_000), executes: 0, twice: 0, counts: NO_COUNTS, problems };
}

const NO_COUNTS = { targeted: 0, succeeded: 0, failed: 0, unverified: 0, unreachable: 0, missing: 0, skipped: 0 };

async function playOrSay({ name, kills, play, longestMs = LONGEST_MS }: Turn): Promise<Played> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not over after ${longestMs / 60_000} minutes`)), longestMs);
  });
  try {
    return await Promise.race([play(), tooLong]);
  } catch (error) {
    return { name, kills, seconds: 0, executes: 0, twice: 0, counts: NO_COUNTS, problems: [String(error)] };
  } finally {
    clearTimeout(timer);
  }
}

async function inParallel(turns: readonly Turn[]): Promise<Played[]> {
  const played: Played[] = [];
  const waiting = [...turns];
  const lane = async (): Promise<void> => {
    for (let turn = waiting.shift(); turn; turn = waiting.shift()) {
      const result = await playOrSay(turn);
      played.push(result);
      const { name, seconds, problems } = result;
      console.log(`${problems.length === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s) ${problems.slice(0, 3).join('; ')}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return played;
}

function print(played: readonly Played[]): void {
  const table = new Table({ head: ['failpoint', 'kills', 'executes at Qualys', 'twice', 'outcomes', 'problems'], style: { head: [] } });
  for (const { name, kills, executes, twice, counts, problems } of played) {
    const outcomes = Object.entries(counts).filter(([outcome, count]) => outcome !== 'targeted' && count > 0);
    const words = outcomes.map(([outcome, count]) => `${count} ${outcome}`).join(', ');
    table.push([name, kills, executes, twice, words, problems.slice(0, 3).join('\n') || 'none']);
  }
  console.log(table.toString());
  const twice = played.reduce((sum, result) => sum + result.twice, 0);
  const bad = played.filter(({ problems }) => problems.length > 0).length;
  console.log(
    `${played.length} scenes, ${played.reduce((sum, { kills }) => sum + kills, 0)} kills, ${twice} assets executed twice, ${bad} scenes with problems`,
  );
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
// A scene that hung still holds its worker and its simulator.
process.exit((await main(process.argv.slice(2))) > 0 ? 1 : 0);
