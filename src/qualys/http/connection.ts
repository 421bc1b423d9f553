// Connections: a pool for calls that may be repeated, one guarded socket for a call that may not, proxies for both.
import { Agent, buildConnector, Client, type Dispatcher, EnvHttpProxyAgent } from 'undici';

const CONNECT_TIMEOUT_MS = 10_000;

/** How far a request came: `unknown` leaves it to the error's own word. */
export type Progress = 'connecting' | 'late' | 'handed-over' | 'unknown';

export type Guard = (connect: buildConnector.connector) => buildConnector.connector;

/** Hands over one socket, once, if the request may still start. undici opens a second connection by itself after some errors. */
export function singleUse(mayStart: () => boolean): { guard: Guard; progress: () => Progress; end: () => void } {
  let progress: Progress = 'connecting';
  let used = false;
  let ended = false;
  const guard: Guard = (connect) => (options, callback) => {
    if (used || ended) return void callback(new Error('A request with an effect gets only one connection'), null);
    used = true;
    connect(options, (error, socket) => {
      // Wrapped, because undici reconnects without end on some codes (UND_ERR_SOCKET) when nothing runs.
      if (error) return callback(new Error('Could not connect', { cause: error }), null);
      if (!ended && allowed(mayStart)) {
        progress = 'handed-over';
        return callback(null, socket);
      }
      if (!ended) progress = 'late';
      socket.on('error', () => undefined).destroy();
      callback(new Error('Too late to start'), null);
    });
  };
  return {
    guard,
    progress: () => progress,
    end: () => {
      ended = true;
    },
  };
}

function allowed(mayStart: () => boolean): boolean {
  try {
    return mayStart();
  } catch {
    return false;
  }
}

export function dispatcherFor(base: URL, timeoutMs: number, guard?: Guard): Dispatcher {
  const connectTimeout = Math.min(CONNECT_TIMEOUT_MS, timeoutMs);
  const timeouts = { headersTimeout: timeoutMs, bodyTimeout: timeoutMs, connectTimeout };
  const factory = (origin: string | URL, agentOptions: object) => {
    const { connect } = agentOptions as { connect?: buildConnector.connector | buildConnector.BuildOptions };
    const connector = typeof connect === 'function' ? connect : buildConnector({ ...connect, timeout: connectTimeout });
    return new Client(origin, { ...timeouts, connect: guard ? guard(connector) : connector });
  };
  const common = guard ? { ...timeouts, factory } : timeouts;
  // A proxy for the whole machine must not swallow a gateway on this machine (simulator, tests).
  return isLoopback(base.hostname) ? new Agent(common) : new EnvHttpProxyAgent(common);
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}
