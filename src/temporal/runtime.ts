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
    const shown = ORDINARY.test(message) ? 'DEBUG' : level;
    logger[PINO_LEVEL[shown]](forPeople(attributes), message);
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

/** One worker has the workflows and another the activities of a ledger: that neither has both is how it is meant to be. */
const ORDINARY = /^No (workflows|activities|Nexus services) registered/;

const DEEPEST_CAUSE = 5;

/** pino shows an error whole under `err`; the SDK calls it `error`, and adds a token that tells nobody anything. */
function forPeople({ error, taskToken: _, ...attributes }: { error?: unknown; taskToken?: unknown }): object {
  if (error === undefined) return attributes;
  const failure = saidFailure(error);
  return failure ? { ...attributes, failure } : { ...attributes, err: error };
}

/**
 * A failure that says what it is, such as a run that is refused, is no fault of the code: where it was thrown would only hide its words.
 * What failed for that reason, an activity or the workflow around it, says no more.
 */
function saidFailure(error: unknown, depth = 0): { type: string; message: string } | undefined {
  if (typeof error !== 'object' || error === null || depth > DEEPEST_CAUSE) return undefined;
  const { nonRetryable, type, message, cause } = error as { nonRetryable?: unknown; type?: unknown; message?: unknown; cause?: unknown };
  if (nonRetryable === true && typeof type === 'string') return { type, message: String(message) };
  return saidFailure(cause, depth + 1);
}
