// The server of ticket events without its socket, in front of a Temporal that takes every id once, as the real one does.
import type { FastifyInstance } from 'fastify';
import { type Config, parseConfig } from '../../src/contracts/config/file.js';
import type { Reader } from '../../src/ledger/reads/reader.js';
import type { ApiDeps } from '../../src/server/api/dependencies.js';
import { createApp } from '../../src/server/app.js';
import type { Dashboard } from '../../src/server/dashboard/files.js';
import type { ServerDeps } from '../../src/server/dependencies.js';
import type { LiveConfiguration } from '../../src/server/live-configuration.js';
import { type RunStart, requestDigest, TemporalUnavailable } from '../../src/temporal/start-run.js';
import type { ReadTicket } from '../../src/tickets/reading.js';

export function configOf(text: string): Config {
  const parsed = parseConfig(text);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
}

export const HEALTH = { digest: '0123456789ab', readAt: '2026-11-21T12:00:00.000Z' };

export function fixed(config: Config): LiveConfiguration {
  return { settled: () => config, current: () => config, health: () => HEALTH };
}

export interface TicketServer {
  /** `overhaul.yaml`; unless `configuration` says what holds. */
  config: string;
  configuration?: LiveConfiguration;
  env: Record<string, string>;
  now: Date;
  down?: boolean;
  readTicket?: ReadTicket;
  /** What the API reads and orders through; a server of ticket events alone needs none of it. */
  ledger?: ApiDeps['ledger'];
  temporal?: Partial<ApiDeps['temporal']>;
  dashboard?: Dashboard;
  oidc?: ServerDeps['oidc'];
}

async function noAnswer(): Promise<never> {
  throw new TemporalUnavailable('nobody listens at 127.0.0.1:7233');
}

type Started = Map<string, Pick<RunStart, 'workflowId' | 'input' | 'memo'>>;

export function ticketServer(server: TicketServer): { app: FastifyInstance; deps: ServerDeps; started: Started } {
  const { config, configuration = fixed(configOf(config)), env, now, down = false, readTicket } = server;
  const started: Started = new Map();
  const deps: ServerDeps = {
    configuration,
    env,
    now: () => now,
    temporalReachable: async () => !down,
    dashboard: server.dashboard,
    oidc: server.oidc ?? { verify: async () => ({ kind: 'refused', why: 'there is no provider' }) },
    ledger: server.ledger ?? noAnswer,
    temporal: { find: noAnswer, progress: noAnswer, end: noAnswer, list: noAnswer, decide: noAnswer, cancel: noAnswer, ...server.temporal },
    ...(readTicket ? { readTicket } : {}),
    async startRun(start) {
      if (down) throw new TemporalUnavailable('nobody listens at 127.0.0.1:7233');
      const before = started.get(start.workflowId);
      if (!before) started.set(start.workflowId, start);
      if (!before) return { kind: 'started' };
      return { kind: requestDigest(before.input) === requestDigest(start.input) ? 'same' : 'different' };
    },
  };
  return { app: createApp(deps), deps, started };
}

/** The same reader, whose `run` is another. */
export function withRun(reader: Reader, run: Reader['run']): Reader {
  return new Proxy(reader, {
    get: (target, key) => {
      if (key === 'run') return run;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
