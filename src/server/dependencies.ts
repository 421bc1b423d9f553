// What the server works with; its entry point puts it together.
import type { FastifyBaseLogger } from 'fastify';
import type { Environment } from '../contracts/config/secret-ref.js';
import type { TicketLook } from '../temporal/look-at-ticket.js';
import type { ReadTicket } from '../tickets/reading.js';
import type { OidcVerifier } from './access/oidc.js';
import type { ApiDeps } from './api/dependencies.js';
import type { Dashboard } from './dashboard/files.js';
import type { TlsKeyPair } from './guard/tls.js';
import type { HookAnswer } from './hook-answers.js';
import type { LiveConfiguration } from './live-configuration.js';

export interface ServerDeps extends ApiDeps {
  configuration: LiveConfiguration;
  /** Where hook secrets of the kind `{env: X}` are read, at each use. */
  env: Environment;
  /** Reads a ticket again before it starts anything; without it, no hook that names its tickets does. */
  readTicket?: ReadTicket;
  /** Certificate and key as they are now; without them the server speaks plain HTTP. */
  tls?: TlsKeyPair;
  /** Told what became of each delivery, behind its answer. */
  onHookAnswer?(answer: HookAnswer): void;
  /**
   * Has a worker look at a ticket whose runs may have lost their approval, or got one too late. Throws `TemporalUnavailable`. Without it, a
   * look every few minutes finds the same.
   */
  lookAtTicket?(look: TicketLook): Promise<void>;
  temporalReachable(): Promise<boolean>;
  /** Absent where it is not built. */
  dashboard?: Dashboard | undefined;
  /** Knows the people of the identity provider; without it, none of them is let in. */
  oidc?: Pick<OidcVerifier, 'verify'> | undefined;
  logger?: FastifyBaseLogger;
}
