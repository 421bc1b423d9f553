// What an endpoint is: adding one is adding a row to a table in endpoints/.
import type { World } from '../world/state.js';

export interface Call {
  world: World;
  username: string;
  /** Path parameters, decoded. */
  params: Readonly<Record<string, string>>;
  query: URLSearchParams;
  /** The JSON body; undefined when none was sent, or one of another type. */
  body: unknown;
  /** The body as it came, and its content type. */
  text: string;
  contentType: string;
  /** Simulated instant at which the call is answered. */
  now: number;
  /** Number of the call, from 1; what changes from answer to answer follows from it. */
  number: number;
}

export interface Reply {
  status: number;
  /** Undefined: no body at all. */
  body: unknown;
  headers?: Readonly<Record<string, string>>;
  /** Set when the call changed something: its answer may be lost afterwards. */
  onLost?: () => void;
}

/** What goes over the wire. */
export interface Answer {
  status: number;
  type: string;
  text: string;
  headers?: Readonly<Record<string, string>>;
}

export interface Route {
  method: 'GET' | 'POST';
  /** Segments; `{name}` takes one segment. */
  path: string;
  /** A call with an effect, which must not be damaged except through its lost answer. */
  effect?: 'execute' | 'schedule' | 'import' | 'clone';
  handle: (call: Call) => Reply;
}

export interface RouteMatch {
  route: Route;
  params: Record<string, string>;
}

/** The route of a path, `'method'` when the path exists for another method, or undefined. */
export function findRoute(routes: readonly Route[], method: string, path: string): RouteMatch | 'method' | undefined {
  let isKnownPath = false;
  for (const route of routes) {
    const params = pathParams(route.path, path);
    if (!params) continue;
    if (route.method === method) return { route, params };
    isKnownPath = true;
  }
  return isKnownPath ? 'method' : undefined;
}

export function ok(body: unknown, status = 200): Reply {
  return { status, body };
}

function pathParams(pattern: string, path: string): Record<string, string> | undefined {
  const [wanted, given] = [pattern.split('/'), path.split('/')];
  if (wanted.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, segment] of wanted.entries()) {
    const value = given[index] ?? '';
    if (segment.startsWith('{')) {
      const decoded = decodedSegment(value);
      if (!decoded) return undefined;
      params[segment.slice(1, -1)] = decoded;
    } else if (segment !== value) return undefined;
  }
  return params;
}

function decodedSegment(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
