import { existsSync } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NativeConnection, WorkerInterceptors } from '@temporalio/worker';
import { Worker } from '@temporalio/worker';
import { type ActivityDependencies, SEND_TIMINGS, senderOf } from '../activities/dependencies.js';
import { createIdentifyLedger } from '../activities/identify-ledger.js';
import { createActivities } from '../activities/index.js';
import type { Config } from '../contracts/config/file.js';
import { keepCheckpoints } from '../ledger/audit/keeper.js';
import { createQualys } from '../qualys/client.js';
import { startSweep } from '../recovery/sweep.js';
import { activityQueue } from '../temporal/activity-queue.js';
import { type ClientConnection, connectClient, connectWorker } from '../temporal/connection.js';
import { createLogger, type Logger } from '../temporal/logger.js';
import { dataConverterOf } from '../temporal/payload-codec.js';
import { endRuntime, ensureRuntime } from '../temporal/runtime.js';
import { createTicketHttp } from '../tickets/http/client.js';
import { createReadTicket } from '../tickets/read/read-ticket.js';
import { startWriteBack } from '../write-back/loop.js';
import { Attempts } from './attempts.js';
import { compareWithTemporal } from './compare-ledger.js';
import type { WorkerConfiguration } from './configuration.js';
import { keepNamesIndexed } from './name-index.js';
import { outgoing } from './outgoing.js';
import { watchPolicy } from './policy-watch.js';
import { createAskTicket } from './ticket-approval.js';
import { createFindTickets } from './ticket-finder.js';
import { keepSchedules } from './ticket-schedules.js';

export interface RunningWorker {
  /** Lets activities end within the grace period, then ends. */
  stop(signal: string): void;
  /** Resolves when everything is closed. */
  ended: Promise<void>;
}

/** An execute that is on its way when the worker stops has this long to be answered and written down. */
const GRACE = '40s';
const FORCE = '50s';
const RECONNECT_MS = 2_000;
/**
 * How soon a worker whose ledger was replaced ends: until then it takes tasks that another could do. It sends nothing from the first moment
 * on.
 */
const LOOK_AT_FILE_MS = 2_000;
/** Other than 0, so that whoever keeps the worker running starts it again. */
const EXIT_REPLACED = 1;
const REPLACED =
  'the ledger file was moved or replaced, or its disk did not keep what was written; stopping this worker. ' +
  'Start it again to compare the ledger with Temporal';
/** Activities mostly wait for Qualys, whose concurrency the ledger limits; more slots would only wait. */
const ACTIVITIES_AT_ONCE = 50;
const BUNDLE = fileURLToPath(new URL('../workflow-bundle.js', import.meta.url));
/** Of the same kind as this file: in the source tree there is no `index.js`. */
const WORKFLOWS = fileURLToPath(new URL(`../workflows/index${extname(import.meta.url)}`, import.meta.url));

export function startWorker(configuration: WorkerConfiguration): RunningWorker {
  const logger = createLogger(configuration.settings.logLevel, 'worker');
  const stopping = new AbortController();
  return {
    stop(signal) {
      logger.info({ signal }, 'stopping the worker');
      stopping.abort();
    },
    ended: runUntilStopped(configuration, logger, stopping.signal),
  };
}

async function runUntilStopped(configuration: WorkerConfiguration, logger: Logger, stopping: AbortSignal): Promise<void> {
  const { ledger, settings } = configuration;
  logger.info({ ledger: ledger.id, path: settings.ledger.path, taskQueue: settings.taskQueue }, 'the ledger is open');
  const { configFile: file, config } = configuration;
  const live = { config };
  const onConfig = (changed: Config): void => {
    live.config = changed;
  };
  const stopWatching = await watchPolicy({ ledger, file, policy: config.policy, logger, onConfig });
  const stopSigning = keepCheckpoints({ ledger: async () => ledger, path: settings.ledger.path, key: settings.auditKey, logger });
  const stopFilling = keepNamesIndexed({ ledger, logger });
  const ticketHttp = createTicketHttp({ allow: () => live.config.network.allow });
  const readTicket = createReadTicket(ticketHttp, configuration.env);
  const settled = (): Config | undefined => (file.saysWhatIsKnown() ? live.config : undefined);
  const askTicket = createAskTicket(settled, readTicket);
  const stopWriteBack = startWriteBack({
    ...{ ledger, logger, http: ticketHttp, config: settled, env: configuration.env, publicUrl: settings.publicUrl },
  });
  const findTickets = createFindTickets({ config: settled, http: ticketHttp, env: configuration.env, readTicket });
  const attempts = new Attempts();
  try {
    while (!stopping.aborted) {
      attempts.begin();
      try {
        await serve({ ...configuration, askTicket, findTickets, settled }, { logger, stopping, attempts });
      } catch (error) {
        if (stopping.aborted || !ledger.isInPlace()) break;
        const { failures, why } = attempts.failed();
        logger.error({ err: error, failures }, `${why}; trying again in ${RECONNECT_MS / 1_000} s`);
        await pause(RECONNECT_MS, stopping);
      }
      if (!ledger.isInPlace()) break;
    }
    if (!ledger.isInPlace()) {
      logger.error({ path: settings.ledger.path }, REPLACED);
      process.exitCode = EXIT_REPLACED;
    }
  } finally {
    await stopWatching().catch((error: unknown) => logger.warn({ err: error }, 'cannot sign the worker off from the ledger'));
    await stopWriteBack();
    await ticketHttp.close();
    await stopSigning();
    await stopFilling();
    await ledger.close();
    await endRuntime();
  }
}

type Serving = WorkerConfiguration & Pick<ActivityDependencies, 'askTicket' | 'findTickets'> & { settled: () => Config | undefined };

async function serve(
  configuration: Serving,
  { logger, stopping, attempts }: { logger: Logger; stopping: AbortSignal; attempts: Attempts },
): Promise<void> {
  ensureRuntime(logger);
  const dataConverter = dataConverterOf(configuration.settings.encryptionKeys);
  const { connection, namespace } = await connectWorker(configuration.env);
  try {
    const client = await connectClient(configuration.env, dataConverter ? { dataConverter } : {});
    attempts.reached('beginning');
    const { dependencies, close } = wire(configuration, client, logger);
    try {
      const workers = await createWorkers(dependencies, {
        connection,
        namespace,
        dataConverter,
        bundle: existsSync(BUNDLE) ? BUNDLE : undefined,
      });
      attempts.reached('serving');
      const lookAtFile = setInterval(() => {
        if (!configuration.ledger.isInPlace()) shutDown();
      }, LOOK_AT_FILE_MS);
      const stopSweep = startSweep({ ...dependencies, namespace, logger });
      const { taskQueue } = dependencies;
      const stopSchedules = keepSchedules({ client: client.client, taskQueue, config: configuration.settled, logger });
      const shutDown = (): void => {
        for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      };
      stopping.addEventListener('abort', shutDown);
      logger.info({ namespace }, 'the worker is ready');
      // When one of the two fails the other is stopped, so that both start again together.
      const runs = workers.map((worker) => worker.run().finally(shutDown));
      if (stopping.aborted) shutDown();
      try {
        await Promise.all(runs);
      } finally {
        await Promise.allSettled(runs);
        clearInterval(lookAtFile);
        stopping.removeEventListener('abort', shutDown);
        await stopSchedules();
        await stopSweep();
      }
    } finally {
      await close();
      await client.connection.close();
    }
  } finally {
    await connection.close();
  }
}

function wire(
  { settings, config, ledger, askTicket, findTickets }: Serving,
  { client }: ClientConnection,
  logger: Logger,
): { dependencies: ActivityDependencies; close: () => Promise<void> } {
  const { url, username, password } = settings.qualys;
  const qualys = createQualys({
    baseUrl: url,
    username,
    password: () => password.get(),
    gate: ledger.calls,
    clock: ledger.serverClock,
    timeoutMs: SEND_TIMINGS.httpTimeoutMs,
    logger,
  });
  const dependencies: ActivityDependencies = {
    ledger,
    qualys,
    sender: senderOf({ username, url }),
    policy: config.policy,
    ...{ askTicket, findTickets },
    client,
    taskQueue: settings.taskQueue,
    schedules: {
      userId: settings.qualysUserId,
      userName: settings.qualysUserName,
      timezone: settings.scheduleTimeZone,
      weekStart: settings.scheduleWeekStart,
    },
    timings: SEND_TIMINGS,
  };
  return { dependencies, close: () => qualys.close() };
}

export interface WorkerLink {
  connection: NativeConnection;
  namespace: string;
  dataConverter?: ReturnType<typeof dataConverterOf>;
  /** The prebuilt workflows; without it they are bundled from the source at start. */
  bundle?: string | undefined;
  interceptors?: WorkerInterceptors | undefined;
  /** Ledger and Temporal were made for each other, and are thrown away together, as for a rehearsal: neither can be the older one. */
  isThrownAway?: boolean | undefined;
}

/**
 * One worker for workflows, and one for the activities of this ledger: a worker with another ledger never gets those. Resolves when the
 * ledger was compared with what Temporal knows: none of them sends before.
 */
export async function createWorkers(
  dependencies: ActivityDependencies,
  { connection, namespace, dataConverter, bundle, interceptors, isThrownAway = false }: WorkerLink,
): Promise<Worker[]> {
  const common = {
    connection,
    namespace,
    ...({ shutdownGraceTime: GRACE, shutdownForceTime: FORCE } as const),
    ...(dataConverter ? { dataConverter } : {}),
    interceptors: { ...interceptors, activity: [outgoing, ...(interceptors?.activity ?? [])] },
  };
  const { ledger, taskQueue } = dependencies;
  if (!isThrownAway) await compareWithTemporal(dependencies);
  return Promise.all([
    Worker.create({
      ...common,
      taskQueue,
      activities: createIdentifyLedger(dependencies),
      ...(bundle ? { workflowBundle: { codePath: bundle } } : { workflowsPath: WORKFLOWS }),
    }),
    Worker.create({
      ...common,
      taskQueue: activityQueue(taskQueue, ledger.id),
      activities: createActivities(dependencies),
      maxConcurrentActivityTaskExecutions: ACTIVITIES_AT_ONCE,
    }),
  ]);
}

function pause(ms: number, stopping: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    stopping.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
