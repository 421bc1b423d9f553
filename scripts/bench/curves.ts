// `npm run bench:curves`: what campaigns of 1,000 to 1,000,000 assets cost, and 1 to 1,000 runs of 25 assets at once: time, calls,
// executions, bytes of history and of the ledger, the worker's peak of memory and its processor time. The worker is the built one, in a
// process of its own, new for each point; caps are off, the simulator answers at once and its executions take half a second at most.
// ASSETS and RUNS are lists of other points, `none` for no points. Each point is kept in docs/images/curves.json, from which the plot
// docs/images/curves.svg and the table that is printed are made. Needs `npm run build`.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { spawnBuiltWorker } from './built-worker.js';
import { planOf, runOf } from './campaign-fleet.js';
import type { Seen } from './campaign-simulator.js';
import { type Point, type Points, plotOf, tableOf } from './curves-plot.js';
import { type Lab, openLab } from './lab.js';
import { cpuSeconds, memoryMiB } from './process-usage.js';

const listOf = (name: string, usual: string): number[] =>
  (process.env[name] ?? usual)
    .split(',')
    .filter((text) => text !== 'none')
    .map(Number);
const ASSETS = listOf('ASSETS', '1000,10000,100000,1000000');
const RUNS = listOf('RUNS', '1,10,100,1000');
const ASSETS_A_RUN = 25;
const fileOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const KEPT = fileOf('../../docs/images/curves.json');

interface Load {
  assets: number;
  /** Starts everything and waits for its end: the ids of the workflows whose histories count. */
  play(taskQueue: string, lab: Lab): Promise<string[]>;
}

const campaignOf = (assets: number): Load => ({
  assets,
  async play(taskQueue, lab) {
    const plan = { ...planOf(assets), strategy: 'auto' as const };
    const handle = await lab.client.workflow.start('remediationCampaign', { workflowId: taskQueue, taskQueue, args: [plan] });
    checkAll([await handle.result()], assets);
    return [taskQueue, ...(plan.waves ?? []).map(({ name }) => `${taskQueue}/${encodeURIComponent(name)}/remediate`)];
  },
});

const runsOf = (runs: number): Load => ({
  assets: runs * ASSETS_A_RUN,
  async play(taskQueue, lab) {
    const handles = await Promise.all(
      Array.from({ length: runs }, (_, index) =>
        lab.client.workflow.start('remediationRun', {
          ...{ workflowId: `${taskQueue}-${index}`, taskQueue },
          args: [runOf({ first: index * ASSETS_A_RUN, assets: ASSETS_A_RUN })],
        }),
      ),
    );
    checkAll(await Promise.all(handles.map((handle) => handle.result())), runs * ASSETS_A_RUN);
    return handles.map(({ workflowId }) => workflowId);
  },
});

function checkAll(reports: readonly { status: string; counts: { succeeded: number } }[], assets: number): void {
  const succeeded = reports.reduce((sum, { counts }) => sum + counts.succeeded, 0);
  if (succeeded !== assets) throw new Error(`${succeeded} of ${assets} assets succeeded: ${reports.map(({ status }) => status)}`);
}

async function measure(lab: Lab, n: number, taskQueue: string, load: Load): Promise<Point> {
  const folder = await mkdtemp(join(tmpdir(), 'overhaul-curves-'));
  const database = join(folder, 'ledger.db');
  const simulator = fork(fileOf('./campaign-simulator.ts'), [String(load.assets), '0'], { execArgv: ['--import', 'tsx'] });
  const [url] = (await once(simulator, 'message')) as [string];
  const worker = await spawnBuiltWorker({ folder, url, temporalAddress: lab.address, taskQueue, database });
  const exited = once(worker, 'exit');
  try {
    await untilItWorks(lab, taskQueue);
    const startedAt = performance.now();
    const ids = await load.play(taskQueue, lab);
    const seconds = (performance.now() - startedAt) / 1_000;
    const seen = await ask(simulator);
    if (seen.twice > 0) throw new Error(`${seen.twice} assets got the script twice`);
    const [cpu, { peak }] = [cpuSeconds(worker.pid), memoryMiB(worker.pid)];
    let historyBytes = 0;
    for (const id of ids) historyBytes += (await lab.historyOf(id)).totalBytes;
    worker.kill('SIGTERM');
    await exited;
    const ledgerBytes = (await stat(database)).size;
    return {
      ...{ n, seconds: rounded(seconds), workerCpuSeconds: rounded(cpu), calls: seen.calls, executions: seen.executions },
      ...{ historyBytes, ledgerBytes, peakMiB: peak },
    };
  } finally {
    worker.kill('SIGTERM');
    await exited;
    simulator.disconnect();
    await rm(folder, { recursive: true, force: true });
  }
}

/** What a worker takes to start belongs to no point: a request that is refused shows that it is there. */
async function untilItWorks(lab: Lab, taskQueue: string): Promise<void> {
  const handle = await lab.client.workflow.start('remediationRun', { workflowId: `${taskQueue}-warm`, taskQueue, args: [{}] });
  await handle.result().catch(() => undefined);
}

async function ask(child: ChildProcess): Promise<Seen> {
  const answer = once(child, 'message');
  child.send('seen');
  return ((await answer) as [Seen])[0];
}

const rounded = (value: number): number => Number(value.toFixed(1));

async function keep(series: keyof Points, point: Point): Promise<void> {
  const points = JSON.parse(await readFile(KEPT, 'utf8').catch(() => '{"assets":[],"runs":[]}')) as Points;
  points[series] = [...points[series].filter(({ n }) => n !== point.n), point].toSorted((a, b) => a.n - b.n);
  await writeFile(KEPT, `${JSON.stringify(points, undefined, 2)}\n`);
  await writeFile(fileOf('../../docs/images/curves.svg'), plotOf(points));
  console.log(`${series} ${JSON.stringify(point)}`);
}

const lab = await openLab();
try {
  for (const runs of RUNS) await keep('runs', await measure(lab, runs, `curves-runs-${runs}`, runsOf(runs)));
  for (const assets of ASSETS) await keep('assets', await measure(lab, assets, `curves-assets-${assets}`, campaignOf(assets)));
  const points = JSON.parse(await readFile(KEPT, 'utf8')) as Points;
  console.log(tableOf(points));
} finally {
  await lab.close();
}
