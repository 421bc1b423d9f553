// The server's way to Temporal: it starts without it, and finds it again by itself after an outage.
import { Client, Connection, type ConnectionOptions } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { Parsed } from '../schema/request.js';
import type { Environment } from '../schema/secret-ref.js';

export interface TemporalAddress {
  connection: ConnectionOptions;
  namespace: string;
}

export interface TemporalLink {
  client: Client;
  /** Whether Temporal answers just now, within two seconds. */
  reachable(): Promise<boolean>;
  close(): Promise<void>;
}

const HEALTH_DEADLINE_MS = 2_000;
/** gRPC's own back-off grows to two minutes: that long a server would refuse tickets although Temporal is back. */
const MAX_RECONNECT_BACKOFF_MS = 3_000;

/** Temporal's own client variables and TOML profile. Nothing is contacted. */
export function temporalAddress(env: Environment): Parsed<TemporalAddress> {
  try {
    const given = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
    const { connectionOptions, namespace } = loadClientConnectConfig({ overrideEnvVars: Object.fromEntries(given) });
    const { address, apiKey, tls, metadata } = connectionOptions;
    const connection: ConnectionOptions = {
      ...(address ? { address } : {}),
      ...(apiKey ? { apiKey } : {}),
      ...(tls === undefined ? {} : { tls }),
      ...(metadata ? { metadata } : {}),
    };
    return { ok: true, value: { connection, namespace: namespace ?? 'default' } };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { ok: false, problems: [{ path: 'TEMPORAL_*', problem: `Temporal's client settings cannot be read: ${problem}` }] };
  }
}

export function openTemporalLink({ connection: options, namespace }: TemporalAddress): TemporalLink {
  const connection = Connection.lazy({
    ...options,
    channelArgs: { 'grpc.initial_reconnect_backoff_ms': 500, 'grpc.max_reconnect_backoff_ms': MAX_RECONNECT_BACKOFF_MS },
  });
  return {
    client: new Client({ connection, namespace }),
    async reachable() {
      try {
        await connection.withDeadline(Date.now() + HEALTH_DEADLINE_MS, () => connection.workflowService.getSystemInfo({}));
        return true;
      } catch {
        return false;
      }
    },
    close: () => connection.close(),
  };
}
