// What the server works with; its entry point puts it together.
import type { FastifyBaseLogger } from 'fastify';
import type { Config } from '../schema/config-file.js';
import type { Environment } from '../schema/secret-ref.js';
import type { RunAsk, StartAnswer } from '../temporal/start-run.js';

export interface ServerDeps {
  config: Config;
  /** Where hook secrets of the kind `{env: X}` are read, at each use. */
  env: Environment;
  /** Throws `TemporalUnavailable` when Temporal cannot be asked. */
  startRun(start: RunAsk): Promise<StartAnswer>;
  temporalReachable(): Promise<boolean>;
  now(): Date;
  logger?: FastifyBaseLogger;
}
