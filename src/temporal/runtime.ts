// The SDK's runtime, once a process and before any connection: its log lines become ours, and it leaves signals to the entry point.
import { IllegalStateError } from '@temporalio/common';
import { makeTelemetryFilterString, Runtime, type LogLevel as TemporalLevel, type Logger as TemporalLogger } from '@temporalio/worker';
import type { Logger } from './logger.js';

const PINO_LEVEL = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const satisfies Record<
  TemporalLevel,
  string
>;

/** The worker stops by itself when told to; the SDK's own handlers would stop it before the server beside it has drained. */
export function installRuntime(logger: Logger): Runtime {
  return Runtime.install({
    logger: temporalLogger(logger),
    shutdownSignals: [],
    telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }), forward: {} } },
  });
}

/**
 * The SDK removes its runtime when the last connection of the process closes, and then makes one of its own, with its own signal
 * handlers: this is for each new connection.
 */
export function ensureRuntime(logger: Logger): void {
  try {
    installRuntime(logger);
  } catch (error) {
    if (!(error instanceof IllegalStateError)) throw error;
  }
}

/** A runtime that no worker ever used keeps the process alive: this lets it end. */
export function endRuntime(): Promise<void> {
  return Runtime.instance().shutdown();
}

/** A logger as the SDK wants it, speaking through ours. */
export function temporalLogger(logger: Logger): TemporalLogger {
  const log = (level: TemporalLevel, message: string, attributes: object = {}): void => {
    logger[PINO_LEVEL[level]](renamed(attributes), message);
  };
  return {
    log,
    trace: (message, attributes) => log('TRACE', message, attributes),
    debug: (message, attributes) => log('DEBUG', message, attributes),
    info: (message, attributes) => log('INFO', message, attributes),
    warn: (message, attributes) => log('WARN', message, attributes),
    error: (message, attributes) => log('ERROR', message, attributes),
  };
}

/** pino shows an error whole under `err`; the SDK calls it `error`. */
function renamed({ error, ...attributes }: { error?: unknown }): object {
  return error === undefined ? attributes : { ...attributes, err: error };
}
