// `npm run bench:campaign`: a campaign of ASSETS assets (10,000 unless given; issue 5 asks for 1,000,000), tags and ids mixed, caps off,
// output none, LATENCY_MS a call. The worker is the built one, in a process of its own, whose peak memory is read from the kernel.
// Beside it a bare loop that makes the same calls and writes the same rows. Needs `npm run build`. PART=ours or PART=bare does one of
// them; WORKER_FLAGS are node's.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CampaignReport } from '../../src/domain/campaign/status.js';
import { type BareResult, runBare } from './bare-campaign.js';
import { spawnBuiltWorker } from './built-worker.js';
import { planOf } from './campaign-fleet.js';
import type { Seen } from './campaign-simulator.js';
import { type Lab, openLab } from './lab.js';

const ASSETS = Number(process.env['ASSETS'] ?? 10_000);
const LATENCY_MS = Number(process.env['LATENCY_MS'] ?? 50);
const PART = process.env['PART'] ?? 'both';
const ID = 'bench-campaign';
const SIMULATOR = fileURLToPath(new URL('./campaign-simulator.ts', import.meta.url));

const folder = await mkdtemp(join(tmpdir(), 'overhaul-campaign-'));
const database = join(folder, 'ledger.db');

interface Measured {
  seconds: number;
  report: CampaignReport;
  seen: Seen;
}

async function openSimulator(): Promise<{ url: string; child: ChildProcess }> {
  const child = fork(SIMULATOR, [String(ASSETS), String(LATENCY_MS)], { execArgv: ['--import', 'tsx'] });
  const [url] = (await once(child, 'message')) as [string];
  return { url, child };
}

async function ask(child: ChildProcess): Promise<Seen> {
  const answer = once(child, 'message');
  child.send('seen');
  return ((await answer) as [Seen])[0];
}

async function ours(): Promise<Measured> {
  const lab = await openLab();
  const simulator = await openSimulator();
  const worker = await spawnBuiltWorker({ folder, url: simulator.url, temporalAddress: lab.address, taskQueue: ID, database });
  const exited = once(worker, 'exit');
  const watch = setInterval(() => void memoryOf(worker).then((now) => console.log(`  ${now}`)), 15_000);
  try {
    const startedAt = performance.now();
    const handle = await lab.client.workflow.start('remediationCampaign', { workflowId: ID, taskQueue: ID, args: [planOf(ASSETS)] });
    const report = (await handle.result()) as CampaignReport;
    const seconds = (performance.now() - startedAt) / 1_000;
    const seen = await ask(simulator.child);
    console.log(`worker: ${await memoryOf(worker)}; ledger ${mib((await stat(database)).size)} MiB`);
    for (const wave of report.waves) console.log(`wave ${wave.name}: ${wave.status}, ${wave.counts.targeted} assets, ${spanOf(wave)} s`);
    await printHistories(lab, report);
    return { seconds, report, seen };
  } finally {
    clearInterval(watch);
    worker.kill('SIGTERM');
    await exited;
    simulator.child.disconnect();
    await lab.close();
  }
}

async function memoryOf({ pid }: ChildProcess): Promise<string> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const [now, peak] = ['VmRSS', 'VmHWM'].map((name) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) * 1_024);
  return `${mib(now ?? 0)} MiB now, ${mib(peak ?? 0)} MiB at its peak`;
}

function mib(bytes: number): number {
  return Math.round(bytes / 1_024 / 1_024);
}

function spanOf({ openedAt, closedAt }: { openedAt?: string; closedAt?: string }): number {
  return openedAt && closedAt ? Math.round((Date.parse(closedAt) - Date.parse(openedAt)) / 1_000) : 0;
}

async function printHistories(lab: Lab, report: CampaignReport): Promise<void> {
  for (const id of [ID, ...report.waves.map(({ name }) => `${ID}/${encodeURIComponent(name)}/remediate`)]) {
    const { events, histories, longest, largestPayload, bytes } = await lab.historyOf(id);
    console.log(
      `history ${id}: ${events} events in ${histories}, the longest ${longest} events and ${bytes} B, largest payload ${largestPayload} B`,
    );
  }
}

async function bare(): Promise<BareResult> {
  const simulator = await openSimulator();
  try {
    return await runBare({ url: simulator.url, database: join(folder, 'bare.db'), assets: ASSETS });
  } finally {
    simulator.child.disconnect();
  }
}

try {
  const measured = PART === 'bare' ? undefined : await ours();
  if (measured) {
    const { seconds, report, seen } = measured;
    const { status, counts, strays, executions, apiCalls } = report;
    console.log(JSON.stringify({ assets: ASSETS, latencyMs: LATENCY_MS, status, counts, strays, executions, apiCalls, seen }));
    console.log(`the campaign took ${seconds.toFixed(1)} s`);
  }
  const loop = PART === 'ours' ? undefined : await bare();
  if (loop)
    console.log(`the bare loop took ${loop.seconds.toFixed(1)} s: ${loop.executions} executions, ${JSON.stringify(loop.callsByPath)}`);
  if (measured && loop) console.log(`ratio ${(measured.seconds / loop.seconds).toFixed(2)} (at most 1.3)`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
