// What the server works with; its entry point puts it together.
import type { FastifyBaseLogger } from 'fastify';
import type { Environment } from '../contracts/config/secret-ref.js';
import type { RunAsk, StartAnswer } from '../temporal/start-run.js';
import type { ReadTicket } from '../tickets/reading.js';
import type { LiveConfiguration } from './live-configuration.js';

export interface ServerDeps {
  configuration: LiveConfiguration;
  /** Where hook secrets of the kind `{env: X}` are read, at each use. */
  env: Environment;
  /** Reads a ticket again before it starts anything; without it, no hook that names its tickets does. */
  readTicket?: ReadTicket;
  /** Throws `TemporalUnavailable` when Temporal cannot be asked. */
  startRun(start: RunAsk): Promise<StartAnswer>;
  temporalReachable(): Promise<boolean>;
  now(): Date;
  logger?: FastifyBaseLogger;
}
