// Calls a simulated gateway the plain way, without the product's client: what the tests of the simulator speak through.
import { request } from 'undici';
import { type Simulator, startSimulator } from '../../../src/simulator/index.js';
import type { SimulatorOptions } from '../../../src/simulator/options.js';

/** A clock that stands still until it is advanced, in real milliseconds. */
export interface HeldClock {
  now: () => number;
  advance: (ms: number) => void;
}

export function heldClock(startAt = Date.parse('2026-01-05T08:00:00Z')): HeldClock {
  let at = startAt;
  return {
    now: () => at,
    advance: (ms) => {
      at += ms;
    },
  };
}

export interface GatewayAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  // The shape is the assertion's business.
  json: unknown;
}

export interface GatewayCaller {
  get(path: string): Promise<GatewayAnswer>;
  post(path: string, body?: unknown): Promise<GatewayAnswer>;
  execute(assetIds: readonly number[], scriptId?: number): Promise<GatewayAnswer>;
}

export async function signIn(url: string, username = 'demo', password = 'demo'): Promise<string> {
  const { status, text } = await send(`${url}/auth`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ username, password, token: 'true' }).toString(),
  });
  if (status !== 201) throw new Error(`/auth answered ${status}: ${text}`);
  return text;
}

export function callerWith(url: string, token: string): GatewayCaller {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const post = (path: string, body?: unknown) =>
    send(`${url}${path}`, { method: 'POST', headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  return {
    get: (path) => send(`${url}${path}`, { method: 'GET', headers }),
    post,
    execute: (assetIds, scriptId = 72648) =>
      post(`/sm/v1/scripts/${scriptId}/execute`, { testMode: false, assetIds: assetIds.map(String), assetTagIds: [] }),
  };
}

/** A simulator with a held clock and a signed-in caller, closed when the body is done. */
export async function withGateway(
  options: SimulatorOptions,
  body: (parts: { simulator: Simulator; clock: HeldClock; caller: GatewayCaller }) => Promise<void>,
): Promise<void> {
  const clock = heldClock();
  const simulator = await startSimulator({ ...options, now: clock.now });
  try {
    const user = options.users?.[0];
    const token = await signIn(simulator.url, user?.username, user?.password);
    await body({ simulator, clock, caller: callerWith(simulator.url, token) });
  } finally {
    await simulator.close();
  }
}

export async function send(
  url: string,
  options: { method: 'GET' | 'POST'; headers?: Record<string, string>; body?: string },
): Promise<GatewayAnswer> {
  const answer = await request(url, options);
  const text = await answer.body.text();
  return { status: answer.statusCode, headers: answer.headers, text, json: parsed(text) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
