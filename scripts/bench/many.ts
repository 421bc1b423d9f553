// `npm run bench:many`: RUNS runs (300) of 25 assets at once, by the built worker in a process of its own, against a simulator in
// another (no limits, no faults, executions of at most half a second). In turn with a peer: the least worker that Temporal can have, with
// as many activities a run, each of which is one `fetch` to the same simulator. Needs `npm run build`. ROUNDS (2) of each; PART=ours or
// PART=peer does one of them; WORKER_FLAGS are node's; ACTIVITIES is the peer's number of them where ours has not told it.
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median } from '../../src/domain/polling/cadence.js';
import type { RunReport } from '../../src/domain/run/outcome.js';
// @ts-expect-error a plain script without types
import { bundle } from '../workflow-bundle.mjs';
import { spawnBuiltWorker } from './built-worker.js';
import { runOf, SCRIPT_ID } from './campaign-fleet.js';
import type { Seen } from './campaign-simulator.js';
import { openLab } from './lab.js';
import { cpuSeconds, memoryMiB } from './process-usage.js';

const RUNS = Number(process.env['RUNS'] ?? 300);
const ROUNDS = Number(process.env['ROUNDS'] ?? 2);
const PART = process.env['PART'] ?? 'both';
const ASSETS_A_RUN = 25;
const fileOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

interface Measured {
  runsPerSecond: number;
  seconds: number;
  peakMiB: number;
  cpu: { worker: number; simulator: number; temporal: number };
  calls: number;
  activities: number;
  events: number;
  historyBytes: number;
}

const folder = await mkdtemp(join(tmpdir(), 'overhaul-many-'));
const peerBundle = (await bundle(fileOf('./peer-workflow.ts'), join(folder, 'peer.js'))) as string;
const lab = await openLab();

/** One worker, warm by one run of its own, and `RUNS` runs started together. */
async function measure(name: string, parts: Parts): Promise<Measured> {
  // One more than the runs need, for the one that warms it up.
  const simulator = fork(fileOf('./campaign-simulator.ts'), [String((RUNS + 1) * ASSETS_A_RUN), '0'], { execArgv: ['--import', 'tsx'] });
  const [url] = (await once(simulator, 'message')) as [string];
  const worker = await parts.spawn(name, url);
  const exited = once(worker, 'exit');
  try {
    await (await parts.start(name, RUNS)).result();
    const used = () => ({ worker: cpuSeconds(worker.pid), simulator: cpuSeconds(simulator.pid), temporal: cpuSeconds(lab.serverPid) });
    const [before, callsBefore] = [used(), (await seen(simulator)).calls];
    const startedAt = performance.now();
    const handles = await Promise.all(Array.from({ length: RUNS }, (_, index) => parts.start(name, index)));
    const results = await Promise.all(handles.map((handle) => handle.result()));
    const seconds = (performance.now() - startedAt) / 1_000;
    const after = used();
    parts.check(results, await seen(simulator));
    const histories = await Promise.all(handles.slice(0, 20).map(({ workflowId }) => lab.historyOf(workflowId)));
    const meanOf = (of: (history: (typeof histories)[number]) => number): number =>
      Number((histories.reduce((sum, history) => sum + of(history), 0) / histories.length).toFixed(1));
    return {
      runsPerSecond: Number((RUNS / seconds).toFixed(2)),
      seconds: Number(seconds.toFixed(1)),
      peakMiB: memoryMiB(worker.pid).peak,
      cpu: {
        worker: Number((after.worker - before.worker).toFixed(1)),
        simulator: Number((after.simulator - before.simulator).toFixed(1)),
        temporal: Number((after.temporal - before.temporal).toFixed(1)),
      },
      calls: (await seen(simulator)).calls - callsBefore,
      activities: meanOf((history) => history.activities),
      events: meanOf((history) => history.events),
      historyBytes: Math.round(meanOf((history) => history.bytes)),
    };
  } finally {
    worker.kill('SIGTERM');
    await exited;
    simulator.disconnect();
  }
}

interface Parts {
  spawn(name: string, url: string): Promise<ChildProcess>;
  start(name: string, index: number): Promise<{ workflowId: string; result(): Promise<unknown> }>;
  check(results: readonly unknown[], seen: Seen): void;
}

async function seen(simulator: ChildProcess): Promise<Seen> {
  const answer = once(simulator, 'message');
  simulator.send('seen');
  return ((await answer) as [Seen])[0];
}

const ours: Parts = {
  spawn: (name, url) =>
    spawnBuiltWorker({ folder, url, temporalAddress: lab.address, taskQueue: name, database: join(folder, `${name}.db`) }),
  start: (name, index) =>
    lab.client.workflow.start('remediationRun', {
      workflowId: `${name}-${index}`,
      taskQueue: name,
      args: [runOf({ first: index * ASSETS_A_RUN, assets: ASSETS_A_RUN })],
    }),
  check(results, { twice }) {
    const wrong = (results as RunReport[]).filter(({ status, counts }) => status !== 'succeeded' || counts.succeeded !== ASSETS_A_RUN);
    if (wrong.length > 0 || twice > 0) throw new Error(`${wrong.length} run(s) did not succeed, ${twice} asset(s) twice`);
  },
};

function peer(activities: number): Parts {
  return {
    spawn: async (name, url) =>
      spawn(process.execPath, [fileOf('./peer-worker.mjs'), lab.address, name, peerBundle, url, String(SCRIPT_ID)], {
        stdio: ['ignore', 'inherit', 'inherit'],
      }),
    start: (name, index) => lab.client.workflow.start('peer', { workflowId: `${name}-${index}`, taskQueue: name, args: [activities] }),
    check: () => undefined,
  };
}

try {
  const rounds: { ours?: Measured; peer?: Measured }[] = [];
  let activities = Number(process.env['ACTIVITIES'] ?? 6);
  for (let round = 0; round < ROUNDS; round += 1) {
    const one: (typeof rounds)[number] = {};
    if (PART !== 'peer') {
      one.ours = await measure(`many-ours-${round}`, ours);
      activities = Math.round(one.ours.activities);
      console.log(`ours ${JSON.stringify(one.ours)}`);
    }
    if (PART !== 'ours') {
      one.peer = await measure(`many-peer-${round}`, peer(activities));
      console.log(`peer ${JSON.stringify(one.peer)}`);
    }
    rounds.push(one);
  }
  const ratio = (of: (measured: Measured) => number): number =>
    Number((median(rounds.map((round) => (round.ours && round.peer ? of(round.ours) / of(round.peer) : Number.NaN))) ?? 0).toFixed(2));
  if (PART === 'both')
    console.log(
      JSON.stringify({
        runs: RUNS,
        runsPerSecond: ratio((measured) => measured.runsPerSecond),
        peakMemory: ratio((measured) => measured.peakMiB),
        workerCpu: ratio((measured) => measured.cpu.worker),
      }),
    );
} finally {
  await lab.close();
  await rm(folder, { recursive: true, force: true });
}
