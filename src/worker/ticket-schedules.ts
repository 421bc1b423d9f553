// A schedule for each hook whose tickets can be read: a look every few minutes. Made, changed and taken away with the configuration file.
import {
  type Client,
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  type ScheduleOptions,
  ScheduleOverlapPolicy,
} from '@temporalio/client';
import type { Config } from '../contracts/config/file.js';
import { RECONCILE_MS } from '../contracts/config/hook.js';
import type { Logger } from '../temporal/logger.js';
import { ticketSource } from '../tickets/reading.js';

/** Of one task queue: two installations may share a namespace. */
export function schedulePrefix(taskQueue: string): string {
  return `overhaul-tickets/${encodeURIComponent(taskQueue)}/`;
}

export function scheduleId(taskQueue: string, hook: string): string {
  return schedulePrefix(taskQueue) + encodeURIComponent(hook);
}

/** A look sees all that there is: one that was missed is not made up for. The server takes no less than ten seconds. */
const CATCH_UP_MS = 60_000;
/** A look that nobody ends holds back the next: with this it is given up, and the tickets are looked at again. */
const LOOK_WITHIN_MS = 60 * 60_000;

type Wanted = Omit<ScheduleOptions, 'scheduleId'>;

function wantedOf(taskQueue: string, hook: string, everyMs: number): Wanted {
  return {
    spec: { intervals: [{ every: everyMs }] },
    action: {
      type: 'startWorkflow',
      workflowType: 'lookAtTickets',
      // Temporal adds the time: two looks of one instant are one workflow, whoever asks for them.
      workflowId: scheduleId(taskQueue, hook),
      taskQueue,
      args: [{ hook }],
      workflowExecutionTimeout: LOOK_WITHIN_MS,
    },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: CATCH_UP_MS, pauseOnFailure: false },
  };
}

/** Which hooks are looked at, and how often. */
export function looksOf(config: Pick<Config, 'hooks' | 'tickets'>): Map<string, number> {
  const looks = Object.entries(config.hooks).flatMap(([name, hook]): [string, number][] =>
    ticketSource(config, hook) && hook.reconcile !== false ? [[name, hook.reconcile ?? RECONCILE_MS]] : [],
  );
  return new Map(looks);
}

type ScheduleClient = Pick<Client, 'schedule'>;

/** Several workers may do this at once, each with the same file: every step of it may be repeated. */
export async function syncSchedules(client: ScheduleClient, taskQueue: string, config: Pick<Config, 'hooks' | 'tickets'>): Promise<void> {
  const wanted = looksOf(config);
  for (const [hook, everyMs] of wanted) await put(client, scheduleId(taskQueue, hook), wantedOf(taskQueue, hook, everyMs));
  const ids = new Set([...wanted.keys()].map((hook) => scheduleId(taskQueue, hook)));
  for await (const { scheduleId: id } of client.schedule.list()) {
    if (!id.startsWith(schedulePrefix(taskQueue)) || ids.has(id)) continue;
    await client.schedule.getHandle(id).delete().catch(unlessGone);
  }
}

async function put({ schedule }: ScheduleClient, id: string, wanted: Wanted): Promise<void> {
  try {
    await schedule.create({ ...wanted, scheduleId: id });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    // Whether it is paused is an operator's to say.
    await schedule.getHandle(id).update(({ state }) => ({ ...wanted, state }));
  }
}

function unlessGone(error: unknown): void {
  if (!(error instanceof ScheduleNotFoundError)) throw error;
}

const LOOK_AT_FILE_MS = 5_000;
/** Somebody may have deleted one by hand. */
const SYNC_AGAIN_MS = 10 * 60_000;

interface Keeping {
  client: ScheduleClient;
  taskQueue: string;
  config: () => Config | undefined;
  logger: Pick<Logger, 'info' | 'warn'>;
  everyMs?: number;
}

/** Keeps the schedules as the file says; the function it returns ends that. */
export function keepSchedules({ client, taskQueue, config, logger, everyMs = LOOK_AT_FILE_MS }: Keeping): () => Promise<void> {
  let done: { config: Config; at: number } | undefined;
  let troubled = false;
  const sync = async (): Promise<void> => {
    const settled = config();
    if (!settled || (done?.config === settled && performance.now() - done.at < SYNC_AGAIN_MS)) return;
    try {
      await syncSchedules(client, taskQueue, settled);
      if (done?.config !== settled) logger.info({ hooks: [...looksOf(settled).keys()] }, 'tickets are looked at by schedules');
      done = { config: settled, at: performance.now() };
      troubled = false;
    } catch (error) {
      if (!troubled) logger.warn({ err: error }, 'the schedules that look at tickets cannot be made; trying again');
      troubled = true;
    }
  };
  let syncing = sync();
  const timer = setInterval(() => {
    syncing = syncing.then(sync);
  }, everyMs);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await syncing;
  };
}
