// What the server works with; its entry point puts it together.
import type { FastifyBaseLogger } from 'fastify';
import type { Environment } from '../contracts/config/secret-ref.js';
import type { ReadTicket } from '../tickets/reading.js';
import type { ApiDeps } from './api/dependencies.js';
import type { Dashboard } from './dashboard/files.js';
import type { LiveConfiguration } from './live-configuration.js';

export interface ServerDeps extends ApiDeps {
  configuration: LiveConfiguration;
  /** Where hook secrets of the kind `{env: X}` are read, at each use. */
  env: Environment;
  /** Reads a ticket again before it starts anything; without it, no hook that names its tickets does. */
  readTicket?: ReadTicket;
  temporalReachable(): Promise<boolean>;
  /** Absent where it is not built. */
  dashboard?: Dashboard | undefined;
  logger?: FastifyBaseLogger;
}
