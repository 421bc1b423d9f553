import type { FastifyInstance } from 'fastify';
import type { Config } from '../contracts/config/file.js';
import type { Environment } from '../contracts/config/secret-ref.js';
import { keepCheckpoints } from '../ledger/audit/keeper.js';
import { createLogger, type Logger } from '../temporal/logger.js';
import { lookAtTicket } from '../temporal/look-at-ticket.js';
import { startRun } from '../temporal/start-run.js';
import { createTicketHttp } from '../tickets/http/client.js';
import { createReadTicket } from '../tickets/read/read-ticket.js';
import { OidcVerifier, providerReader } from './access/oidc.js';
import { createApp } from './app.js';
import type { ServerConfiguration } from './configuration.js';
import { loadDashboard } from './dashboard/files.js';
import { MINIMAL_TLS, readKeyPair, type TlsKeyPair, watchKeyPair } from './guard/tls.js';
import { HookAudit } from './hook-audit.js';
import { watchConfiguration } from './live-configuration.js';

export interface RunningServer {
  logger: Logger;
  /** Takes no more connections, finishes the requests that are under way, and lets go of Temporal. */
  stop(): Promise<void>;
}

/** A request waits at most 5 s for Temporal; what is still open after this long is cut off. */
const GRACE_MS = 10_000;

/** Listens; rejects when the address cannot be had. Temporal need not be there. */
export async function serve(
  { settings, config, configFile, temporal, ledger }: ServerConfiguration,
  env: Environment,
): Promise<RunningServer> {
  const logger = createLogger(settings.logLevel, 'server');
  const { live, stop: stopWatching } = watchConfiguration({ env, file: configFile, config, host: settings.http.host, logger });
  const ticketHttp = createTicketHttp({ allow: () => live.current().network.allow });
  const audit = new HookAudit({
    write: async (entries) => (await ledger.ledger()).audit.addAll(entries),
    now: () => new Date(),
    onTrouble: (error, entries) => logger.warn({ err: error, entries }, 'ticket events cannot be written to the audit log; trying again'),
  });
  const stopSigning = keepCheckpoints({ ledger: ledger.ledger, path: settings.ledger.path, key: settings.auditKey, logger });
  const provider = providerReader();
  const onTrouble = (why: string): void => logger.warn({ why }, 'cannot read the keys of the identity provider');
  const app = createApp({
    oidc: new OidcVerifier({ read: provider.read, now: () => new Date(), onTrouble }),
    configuration: live,
    env,
    logger,
    readTicket: createReadTicket(ticketHttp, env),
    now: () => new Date(),
    startRun: (start) => startRun(temporal.client, { ...start, taskQueue: settings.taskQueue }),
    lookAtTicket: (look) => lookAtTicket(temporal.client, { ...look, taskQueue: settings.taskQueue }),
    temporalReachable: temporal.reachable,
    temporal: temporal.runs,
    ledger: ledger.ledger,
    dashboard: await loadDashboard(),
    onHookAnswer: (answer) => audit.note(answer),
    ...(config.server.tls ? { tls: readKeyPair(config.server.tls) } : {}),
  });
  const stopRotating = watchCertificate(app, config, logger);
  const closeLinks = async (): Promise<void> => {
    stopRotating();
    await ticketHttp.close();
    await provider.close();
    await temporal.close();
    await audit.close();
    await stopSigning();
    await ledger.close();
  };
  try {
    await app.listen({ host: settings.http.host.replace(/^\[(.*)\]$/, '$1'), port: settings.http.port });
    if (Object.keys(config.hooks).length === 0)
      logger.info(`no hooks in ${configFile.path}, so no ticket can start a run; the file is read again when it changes`);
    return { logger, stop: () => stopWatching().then(() => stop(app, closeLinks)) };
  } catch (error) {
    await stopWatching();
    await closeLinks();
    throw error;
  }
}

/** Its path is that of the start: another one needs another start. */
function watchCertificate(app: FastifyInstance, { server: { tls } }: Config, logger: Logger): () => void {
  if (!tls) return () => undefined;
  const take = (pair: TlsKeyPair): void => {
    if ('setSecureContext' in app.server && typeof app.server.setSecureContext === 'function')
      app.server.setSecureContext({ ...pair, minVersion: MINIMAL_TLS });
  };
  return watchKeyPair({ files: tls, take, logger });
}

async function stop(app: FastifyInstance, closeLinks: () => Promise<void>): Promise<void> {
  const cutOff = setTimeout(() => app.server.closeAllConnections(), GRACE_MS);
  await app.close();
  clearTimeout(cutOff);
  await closeLinks();
}
