// A campaign rehearsed: the workflows, the activities, the ledger and the client as they are, a simulated gateway, and a clock that
// jumps ahead whenever nothing is running.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { SEND_TIMINGS } from '../activities/dependencies.js';
import type { CampaignReport } from '../domain/campaign/status.js';
import { spanText } from '../domain/clock/span.js';
import { type Ledger, openLedger } from '../ledger/index.js';
import { createQualys } from '../qualys/client.js';
import { type Simulator, startSimulator } from '../simulator/index.js';
import { createWorkers } from '../worker/process.js';
import { isAtRest } from './at-rest.js';
import { Observer } from './observer.js';
import { type Answers, Operators } from './operators.js';
import type { RehearsedPlan } from './plan.js';
import { startTestServer } from './test-server.js';
import { type Timeline, timelineOf } from './timeline.js';
import { connectVirtualTime, type VirtualTime } from './virtual-time.js';

export interface RehearsalOptions extends RehearsedPlan {
  /** What the rehearsed clock says at first, epoch milliseconds. */
  startsAt: number;
  answers: Answers;
  /** Path of Temporal's test server. */
  executable: string;
  /** The prebuilt workflows; without it they are bundled from the source. */
  bundle?: string | undefined;
  /** Given up when the campaign is not done after this much rehearsed time; default a year. */
  longestMs?: number | undefined;
  /** Told now and then how far it is. */
  onProgress?: ((now: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export interface Rehearsal extends Timeline {
  notes: string[];
  /** Real milliseconds, and attempts of activities. */
  tookMs: number;
  attempts: number;
}

/** The campaign would fail, or the rehearsal could not be ended. */
export class RehearsalFailed extends Error {
  override readonly name = 'RehearsalFailed';
}

const RUN_ID = 'rehearsal';
/** The simulator's fleet begins with it. */
const FIRST_ASSET_ID = 20_452_610;
const YEAR_MS = 366 * 86_400_000;
const LOOK_MS = 250;
/**
 * The test server forgets now and then to let go of its clock when a step ends beside another (seen with 1.40.0): it then goes on as
 * real time does, with nothing running. After this long it is let go of here, if nothing is under way: else the clock would leap ahead.
 */
const QUIET_MS = 1_500;
/** When no activity has begun for this much real time nothing will: a machine with other work may need a minute for one. */
const STALLED_MS = 180_000;
/** So many failures in a row, none of which is a wait, are no hiccup of a simulated gateway. */
const MOST_FAILURES = 500;

export async function rehearse(options: RehearsalOptions): Promise<Rehearsal> {
  const began = performance.now();
  const closing: (() => Promise<unknown>)[] = [];
  try {
    const server = await startTestServer(options.executable);
    closing.push(() => server.stop());
    const time = await connectVirtualTime(server.address, { startsAt: options.startsAt });
    closing.push(() => time.close());
    const simulator = await startSimulator({ ...options.simulator, now: time.now });
    closing.push(() => simulator.close());
    tagWaves(simulator, options.tagSizes);
    const ledger = await openThrowaway(options, time, closing);
    const rehearsal = await openRehearsal(options, { address: server.address, time, simulator, ledger }, closing);
    const report = await rehearsal.play();
    const timeline = await timelineOf(ledger, {
      runId: RUN_ID,
      startsAt: options.startsAt,
      endsAt: Date.parse(report.finishedAt),
      report,
      observer: rehearsal.observer,
      calls: simulator.state.calls,
    });
    return { ...timeline, notes: options.notes, tookMs: Math.round(performance.now() - began), attempts: rehearsal.observer.attempts };
  } finally {
    for (const close of closing.reverse()) await close();
  }
}

/** Waves with a tag: the fleet's assets get them in turn, so that no asset has two. */
function tagWaves({ state }: Simulator, tagSizes: ReadonlyMap<string, number>): void {
  let next = FIRST_ASSET_ID;
  for (const [tag, size] of tagSizes) {
    for (let index = 0; index < size; index += 1) state.retag(next + index, Number(tag), true);
    next += size;
  }
}

async function openThrowaway({ policy }: RehearsalOptions, time: VirtualTime, closing: (() => Promise<unknown>)[]): Promise<Ledger> {
  const folder = await mkdtemp(join(tmpdir(), 'overhaul-rehearsal-'));
  closing.push(() => rm(folder, { recursive: true, force: true }));
  const ledger = await openLedger({
    url: `sqlite:${join(folder, 'ledger.db')}`,
    create: true,
    caps: policy.caps,
    now: time.now,
    durable: false,
  });
  closing.push(() => ledger.close());
  return ledger;
}

interface World {
  address: string;
  time: VirtualTime;
  simulator: Simulator;
  ledger: Ledger;
}

async function openRehearsal(
  options: RehearsalOptions,
  { address, time, simulator, ledger }: World,
  closing: (() => Promise<unknown>)[],
): Promise<{ observer: Observer; play(): Promise<CampaignReport> }> {
  const client = new Client({ connection: time.connection });
  const connection = await NativeConnection.connect({ address });
  closing.push(() => connection.close());
  const qualys = createQualys({
    baseUrl: simulator.url,
    username: 'demo',
    password: () => 'demo',
    gate: ledger.calls,
    clock: ledger.serverClock,
    // Whatever waits in an activity waits in real time: every wait ends the attempt instead.
    maxWaitInProcessMs: 0,
  });
  closing.push(() => qualys.close());
  let handle: WorkflowHandle | undefined;
  const campaign = (): WorkflowHandle => handle ?? client.workflow.getHandle(RUN_ID);
  const observer = new Observer(time);
  const operators = new Operators({ time, ledger, observer, plan: options.plan, answers: options.answers, campaign });
  const workers = await createWorkers(
    {
      ledger,
      qualys,
      client,
      sender: `demo at ${simulator.url}`,
      policy: options.policy,
      taskQueue: 'rehearsal',
      schedules: { userId: 'rehearsal', timezone: 'UTC' },
      timings: SEND_TIMINGS,
      napMs: 0,
    },
    {
      connection,
      namespace: 'default',
      bundle: options.bundle,
      interceptors: { activity: [observer.interceptor(operators)] },
      isThrownAway: true,
    },
  );
  const running = Promise.all(workers.map((worker) => worker.run()));
  closing.push(async () => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    await running;
  });
  return {
    observer,
    async play() {
      handle = await client.workflow.start('remediationCampaign', { workflowId: RUN_ID, taskQueue: 'rehearsal', args: [options.plan] });
      await time.unlock();
      try {
        return await untilDone(options, { client, handle, time, observer, operators });
      } finally {
        await operators.done();
        await time.lock();
      }
    },
  };
}

interface Watched {
  client: Client;
  handle: WorkflowHandle;
  time: VirtualTime;
  observer: Observer;
  operators: Operators;
}

/** The report; throws `RehearsalFailed` when there is none, or when there is no end to it. */
async function untilDone(options: RehearsalOptions, { client, handle, time, observer, operators }: Watched): Promise<CampaignReport> {
  let endless: string | undefined;
  const giveUp = (why: string): void => {
    if (endless !== undefined) return;
    endless = why;
    void handle.terminate(why).catch(() => undefined);
  };
  const startedAt = performance.now();
  let freedAt = startedAt;
  const timer = setInterval(() => {
    const quietMs = performance.now() - Math.max(observer.lastStirAt, freedAt);
    const stalled = performance.now() - Math.max(observer.lastStirAt, startedAt) > STALLED_MS;
    if (observer.attempts > 0 && observer.running === 0 && !operators.areBusy && quietMs > QUIET_MS) {
      freedAt = performance.now();
      void letGo({ time, client, observer });
    }
    const longestMs = options.longestMs ?? YEAR_MS;
    options.onProgress?.(time.now());
    if (options.signal?.aborted) giveUp('Interrupted.');
    else if (operators.failure !== undefined) giveUp(`An operator could not answer: ${String(operators.failure)}`);
    else if (time.now() - options.startsAt > longestMs) giveUp(`The campaign is not done after ${spanText(longestMs)}.`);
    else if (observer.failures > MOST_FAILURES) giveUp(`An activity keeps failing: ${String(observer.lastFailure)}`);
    else if (stalled) giveUp(`The campaign waits without end. Its last step: ${lastEvent(observer)}.`);
  }, LOOK_MS);
  try {
    return (await handle.result()) as CampaignReport;
  } catch (error) {
    if (endless !== undefined) throw new RehearsalFailed(endless);
    const cause = error instanceof WorkflowFailedError ? (error.cause ?? error) : error;
    throw new RehearsalFailed(`The campaign would fail: ${cause instanceof Error ? cause.message : String(cause)}`);
  } finally {
    clearInterval(timer);
  }
}

async function letGo({ time, client, observer }: Pick<Watched, 'time' | 'client' | 'observer'>): Promise<void> {
  const { attempts } = observer;
  try {
    if ((await isAtRest(client, RUN_ID)) && observer.attempts === attempts) await time.unlock();
  } catch {
    // The clock was free, or the campaign has just ended: the next look tells.
  }
}

function lastEvent({ events }: Observer): string {
  const last = events.at(-1);
  return last ? [last.kind, last.detail].filter(Boolean).join(': ') : 'none';
}
