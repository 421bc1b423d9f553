// One run under chaos: a simulator, a ledger file, a task queue, and workers that come and go.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import type { ActivityDependencies, SendTimings } from '../../src/activities/dependencies.js';
import type { CampaignPlanInput } from '../../src/contracts/plan.js';
import type { RemediationRequestInput } from '../../src/contracts/request.js';
import type { CampaignReport } from '../../src/domain/campaign/status.js';
import type { RunReport } from '../../src/domain/run/outcome.js';
import { type Ledger, openLedger } from '../../src/ledger/index.js';
import { type Simulator, startSimulator } from '../../src/simulator/index.js';
import type { SimulatorOptions } from '../../src/simulator/options.js';
import { CAPS_OFF } from '../support/product/harness.js';
import type { TemporalEnv } from '../support/product/temporal-env.js';
import { programArguments } from '../support/programs.js';
import { type ChaosWorker, startChaosWorker, type WorkerPlan } from './chaos-worker.js';
import type { DyingPlan } from './dying-worker.js';

/** The Temporal server that somebody else owns, and the workflows, bundled. */
export interface ChaosEnvironment {
  client: Client;
  address: string;
  namespace: string;
  bundle: string;
}

export function chaosOn({ client, address, namespace, workflowBundle }: TemporalEnv): ChaosEnvironment {
  return { client, address, namespace, bundle: workflowBundle.codePath };
}

export interface Scene {
  workflowId: string;
  simulator: Simulator;
  plan: WorkerPlan;
  /** A second door to the ledger file, for looking. */
  ledger(): Promise<Ledger>;
  start(request: RemediationRequestInput): Promise<Run>;
  startCampaign(plan: CampaignPlanInput): Promise<Run<CampaignReport>>;
  /** A worker in this process; `prepare` sees its dependencies before any activity does. */
  healthy(prepare?: (dependencies: ActivityDependencies) => void): Promise<ChaosWorker>;
  /** A worker in a process of its own; `env` beside what we have. */
  child(plan: Omit<DyingPlan, 'worker'>, env?: Record<string, string>): Child;
  close(): Promise<void>;
}

export interface Run<Report = RunReport> {
  result(): Promise<Report>;
  cancel(): Promise<void>;
  terminate(): Promise<void>;
}

export interface Child {
  pid: number;
  ready: Promise<void>;
  /** How it ended: a signal, or an exit code. */
  ended: Promise<NodeJS.Signals | number>;
  hasEnded(): boolean;
  signal(name: NodeJS.Signals): void;
  /** Resolves when a SIGSTOP holds it. */
  stopped(): Promise<void>;
}

export const FIRST_ASSET = 20_452_610;
/** The real 5 s, 30 s and 5 s, shortened: what they protect from is a pause of the process, and that is longer than both. */
const TIMINGS: SendTimings = { sendWindowMs: 1_000, httpTimeoutMs: 2_000, settleMs: 200 };

export function assetIds(count: number): number[] {
  return Array.from({ length: count }, (_, index) => FIRST_ASSET + index);
}

export async function openScene(
  environment: ChaosEnvironment,
  name: string,
  options: { simulator: SimulatorOptions; timings?: SendTimings },
): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), 'overhaul-chaos-'));
  const simulator = await startSimulator(options.simulator);
  const id = `${name}-${randomUUID().slice(0, 8)}`;
  const plan: WorkerPlan = {
    address: environment.address,
    namespace: environment.namespace,
    taskQueue: id,
    bundle: environment.bundle,
    simulatorUrl: simulator.url,
    ledgerPath: join(folder, 'ledger.db'),
    timings: options.timings ?? TIMINGS,
  };
  const workers: ChaosWorker[] = [];
  const children: ChildProcess[] = [];
  const ledgers: Ledger[] = [];
  const dyingWorker = await programArguments('test/chaos/dying-worker.ts');

  async function start<Report>(workflow: string, input: unknown): Promise<Run<Report>> {
    const handle = await environment.client.workflow.start(workflow, { workflowId: id, taskQueue: plan.taskQueue, args: [input] });
    return {
      result: () => handle.result() as Promise<Report>,
      cancel: async () => void (await handle.cancel()),
      terminate: async () => void (await handle.terminate('chaos')),
    };
  }

  return {
    workflowId: id,
    simulator,
    plan,
    async ledger() {
      const ledger = await openLedger({ url: `sqlite:${plan.ledgerPath}`, create: true, caps: CAPS_OFF });
      ledgers.push(ledger);
      return ledger;
    },
    start: (request) => start<RunReport>('remediationRun', request),
    startCampaign: (input) => start<CampaignReport>('remediationCampaign', input),
    async healthy(prepare) {
      const worker = await startChaosWorker(plan, prepare);
      workers.push(worker);
      return worker;
    },
    child(dying, env) {
      const process = spawnWorker([...dyingWorker, JSON.stringify({ ...dying, worker: plan })], env);
      children.push(process);
      return childOf(process);
    },
    async close() {
      for (const child of children) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      for (const worker of workers) await worker.stop();
      for (const ledger of ledgers) await ledger.close();
      await simulator.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function spawnWorker(args: readonly string[], env: Record<string, string> = {}): ChildProcess {
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, NODE_OPTIONS: '', ...env },
  });
  return endsWithUs(child);
}

const living = new Set<ChildProcess>();
let endsThem = false;

/** A worker that outlived an interrupted test would go on forever, and a stopped one cannot see that the test is gone. */
export function endsWithUs(child: ChildProcess): ChildProcess {
  if (!endsThem) process.once('exit', () => living.forEach((each) => void each.kill('SIGKILL')));
  endsThem = true;
  living.add(child);
  child.once('exit', () => living.delete(child));
  return child;
}

function childOf(child: ChildProcess): Child {
  const pid = child.pid ?? 0;
  const ended = new Promise<NodeJS.Signals | number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(signal ?? code ?? -1));
  });
  return {
    pid,
    ended,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    ready: new Promise((resolve) => child.once('message', () => resolve())),
    signal: (name) => void child.kill(name),
    async stopped() {
      while (!(await isStopped(pid))) await new Promise((resolve) => setTimeout(resolve, 50));
    },
  };
}

async function isStopped(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T');
}
