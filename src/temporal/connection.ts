// The way to Temporal, by Temporal's own variables and profiles: what the `temporal` command line reaches is what we reach.
import { Client, Connection } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { type ClientConnectConfig, loadClientConnectConfig } from '@temporalio/envconfig';
import type { NativeConnection } from '@temporalio/worker';
import { findSecret } from '../contracts/config/environment.js';
import { callInterceptors } from './client-calls.js';

const DEFAULT_ADDRESS = 'localhost:7233';
const DEFAULT_NAMESPACE = 'default';
/** gRPC keeps trying a refused connection until this has passed. */
const CONNECT_TIMEOUT_MS = 5_000;
/** gRPC's own back-off grows to two minutes: that long a server would refuse tickets although Temporal is back. */
const MAX_RECONNECT_BACKOFF_MS = 3_000;

export type RawEnvironment = Readonly<Record<string, string | undefined>>;

export interface ClientConnection {
  client: Client;
  connection: Connection;
  address: string;
  namespace: string;
}

export interface WorkerConnection {
  connection: NativeConnection;
  address: string;
  namespace: string;
}

export interface ConnectOptions {
  dataConverter?: DataConverter;
  timeoutMs?: number;
}

/** The frontend does not answer, or not us. The command line's exit code for it is 3. */
export class TemporalUnreachable extends Error {
  override readonly name = 'TemporalUnreachable';
}

/** The variables or the profile are wrong: nothing was contacted. */
export class TemporalMisconfigured extends Error {
  override readonly name = 'TemporalMisconfigured';
}

/** For the server and the command line. Throws `TemporalMisconfigured` or `TemporalUnreachable`. */
export async function connectClient(env: RawEnvironment = process.env, options: ConnectOptions = {}): Promise<ClientConnection> {
  const lazy = connectClientLazily(env, options);
  try {
    await lazy.connection.ensureConnected();
    return lazy;
  } catch (error) {
    await lazy.connection.close();
    throw unreachable(lazy.address, lazy.namespace, error);
  }
}

/** The same without asking the frontend: for a server that is to start, and answer 503, while Temporal is away. */
export function connectClientLazily(env: RawEnvironment = process.env, options: ConnectOptions = {}): ClientConnection {
  const { connectionOptions, address, namespace } = target(env);
  const { timeoutMs = CONNECT_TIMEOUT_MS, ...clientOptions } = options;
  const channelArgs = { 'grpc.max_reconnect_backoff_ms': MAX_RECONNECT_BACKOFF_MS };
  const connection = Connection.lazy({ ...connectionOptions, channelArgs, interceptors: callInterceptors(), connectTimeout: timeoutMs });
  return { client: new Client({ connection, namespace, ...clientOptions }), connection, address, namespace };
}

/** For the worker, whose connection is the SDK's native one. Throws like `connectClient`. */
export async function connectWorker(env: RawEnvironment = process.env): Promise<WorkerConnection> {
  const { connectionOptions, address, namespace } = target(env);
  // Loads the SDK's native core, which a command line or a server never needs.
  const { NativeConnection } = await import('@temporalio/worker');
  try {
    return { connection: await NativeConnection.connect(connectionOptions), address, namespace };
  } catch (error) {
    throw unreachable(address, namespace, error);
  }
}

/** What is wrong with the variables or the profile, if anything; contacts nothing. */
export function temporalProblem(env: RawEnvironment): string | undefined {
  try {
    target(env);
    return undefined;
  } catch (error) {
    if (error instanceof TemporalMisconfigured) return error.message;
    throw error;
  }
}

function target(env: RawEnvironment): ClientConnectConfig & { address: string; namespace: string } {
  try {
    const { connectionOptions, namespace = DEFAULT_NAMESPACE } = loadClientConnectConfig({ overrideEnvVars: withApiKey(env) });
    const address = connectionOptions.address ?? DEFAULT_ADDRESS;
    return { connectionOptions: { ...connectionOptions, address }, address, namespace };
  } catch (error) {
    throw new TemporalMisconfigured(`The Temporal configuration is invalid: ${messageOf(error)}`);
  }
}

/** Temporal itself knows no TEMPORAL_API_KEY_FILE; it is read once, at the connection. */
function withApiKey(env: RawEnvironment): Record<string, string> {
  // An empty variable counts as not set, as everywhere: an orchestrator's template leaves some behind.
  const set = Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1].trim() !== ''),
  );
  return { ...set, ...apiKey(env) };
}

function apiKey(env: RawEnvironment): Record<string, string> {
  try {
    const secret = findSecret(env, 'TEMPORAL_API_KEY');
    return secret ? { TEMPORAL_API_KEY: secret.get() } : {};
  } catch (error) {
    throw new Error(`TEMPORAL_API_KEY ${messageOf(error)}`);
  }
}

function unreachable(address: string, namespace: string, error: unknown): TemporalUnreachable {
  return new TemporalUnreachable(
    `Temporal cannot be reached at ${address} (namespace ${namespace}): ${messageOf(error)}. ` +
      'Start it there, or set TEMPORAL_ADDRESS. Check the connection with: overhaul doctor',
    { cause: error },
  );
}

/** Across the realms of test runners `instanceof Error` fails, so the shape decides. One line, clipped. */
function messageOf(error: unknown): string {
  const message = typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
  return message.replace(/\s+/g, ' ').trim().replace(/\.$/, '').slice(0, 300);
}
