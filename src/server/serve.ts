import type { FastifyInstance } from 'fastify';
import { type Logger, pino } from 'pino';
import type { Environment } from '../schema/secret-ref.js';
import { startRun } from '../temporal/start-run.js';
import { createApp } from './app.js';
import type { ServerConfiguration } from './configuration.js';
import { openTemporalLink } from './temporal-link.js';

export interface RunningServer {
  /** Such as `http://127.0.0.1:8088`. */
  address: string;
  logger: Logger;
  /** Takes no more connections, finishes the requests that are under way, and lets go of Temporal. */
  stop(): Promise<void>;
}

/** A request waits at most 4 s for Temporal; what is still open after this long is cut off. */
const GRACE_MS = 10_000;

/** Listens; rejects when the address cannot be had. Temporal need not be there. */
export async function serve({ settings, config, temporal }: ServerConfiguration, env: Environment): Promise<RunningServer> {
  const logger = loggerOf(settings.logLevel);
  const link = openTemporalLink(temporal);
  const app = createApp({
    config,
    env,
    logger,
    now: () => new Date(),
    startRun: (start) => startRun(link.client, { ...start, taskQueue: settings.taskQueue }),
    temporalReachable: link.reachable,
  });
  try {
    const address = await app.listen({ host: settings.http.host.replace(/^\[(.*)\]$/, '$1'), port: settings.http.port });
    return { address, logger, stop: () => stop(app, link.close) };
  } catch (error) {
    await link.close();
    throw error;
  }
}

async function stop(app: FastifyInstance, closeLink: () => Promise<void>): Promise<void> {
  const cutOff = setTimeout(() => app.server.closeAllConnections(), GRACE_MS);
  await app.close();
  clearTimeout(cutOff);
  await closeLink();
}

function loggerOf(level: string): Logger {
  return process.stdout.isTTY ? pino({ level, transport: { target: 'pino-pretty' } }) : pino({ level });
}
