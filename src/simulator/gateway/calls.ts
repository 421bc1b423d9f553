// One call from its first byte to its last: token, limits, faults, handler, lost answers.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { type Answer, findRoute, type Reply, type Route, type RouteMatch } from '../answers/routes.js';
import type { Tokens } from '../answers/tokens.js';
import { activityRoutes } from '../endpoints/activities.js';
import { assetJobRoutes } from '../endpoints/asset-jobs.js';
import { assetRoutes } from '../endpoints/assets.js';
import { answerAuth } from '../endpoints/auth.js';
import { easmRoutes } from '../endpoints/easm.js';
import { edrRoutes } from '../endpoints/edr.js';
import { executeRoutes } from '../endpoints/execute.js';
import { gavRoutes } from '../endpoints/gav.js';
import { jobRoutes } from '../endpoints/jobs.js';
import { schedulerRoutes } from '../endpoints/scheduler.js';
import { scriptFileRoutes } from '../endpoints/script-files.js';
import { scriptRoutes } from '../endpoints/scripts.js';
import { GatewayError } from '../error.js';
import type { World } from '../world/state.js';
import type { CallLog, CallRecord } from './call-log.js';
import { type Damage, damageAfter, damageBefore, errorBody, isTruncated } from './faults.js';
import type { Limiter, LimitVerdict } from './limits.js';

export interface GatewayParts {
  world: World;
  tokens: Tokens;
  limiter: Limiter;
  log: CallLog;
  /** Brings the world up to the present before a call is answered. */
  catchUp: () => void;
}

// `export` before `{id}`: a path that is written out wins over one with a parameter.
const ROUTES = [
  ...scriptFileRoutes,
  ...scriptRoutes,
  ...executeRoutes,
  ...assetRoutes,
  ...jobRoutes,
  ...assetJobRoutes,
  ...activityRoutes,
  ...schedulerRoutes,
  ...edrRoutes,
  ...gavRoutes,
  ...easmRoutes,
];
const MAX_BODY_BYTES = 8 * 1_024 * 1_024;

/** The listener for `http.createServer`. */
export function gateway(parts: GatewayParts): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const effects: EffectCounts = { all: 0, execute: 0, schedule: 0, import: 0, clone: 0 };
  return async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://gateway');
    response.sendDate = false;
    const body = await readBody(request);
    if (body === undefined) return;
    if (url.pathname === '/auth') return send(parts, response, await answerAuth(parts, request, body));
    const { log, limiter, world } = parts;
    const { clock } = world;
    const record = log.arrived({ at: clock.realNow(), simulatedAt: clock.now(), method: request.method ?? 'GET', path: url.pathname });
    const verdict = admission(parts, request, record);
    const entered = !verdict.answer;
    try {
      if (world.settings.latencyMs > 0) await delay(world.settings.latencyMs);
      const outcome = verdict.answer ?? handled(parts, { request, url, body, record, effects });
      finish(parts, { response, record, outcome, limits: verdict.limits });
    } finally {
      if (entered) limiter.leave();
      if (world.settings.faults.revokeTokensAfterCalls.includes(record.number)) parts.tokens.revokeAll();
    }
  };
}

/** Token first, then limits: a call without a valid token takes no place in the window. */
function admission(parts: GatewayParts, request: IncomingMessage, record: CallRecord): { limits: LimitVerdict; answer?: Answer } {
  const { settings } = parts.world;
  const token = parts.tokens.check(request.headers.authorization);
  if ('refused' in token) {
    const text = JSON.stringify({ status: 401, error: 'Unauthorized', message: token.refused });
    return { limits: parts.limiter.look(), answer: { status: 401, type: 'application/json', text } };
  }
  record.user = token.username;
  const limits = parts.limiter.enter();
  if (!limits.refused) return { limits };
  record.fault = `${limits.refused} limit`;
  const status = settings.limits.regime;
  const code = status === 429 ? '429' : limits.refused === 'rate' ? '1965' : '1960';
  const message = limits.refused === 'rate' ? 'API rate limit exceeded' : 'Too many concurrent API calls';
  return { limits, answer: { status, type: 'application/json', text: JSON.stringify({ errorCode: code, message }) } };
}

interface Arrival {
  request: IncomingMessage;
  url: URL;
  body: string;
  record: CallRecord;
  effects: EffectCounts;
}

type EffectCounts = Record<'all' | NonNullable<Route['effect']>, number>;

function handled(parts: GatewayParts, arrival: Arrival): Answer | Damage {
  const { world } = parts;
  const { record, effects } = arrival;
  const before = damageBefore(world.settings, record.number);
  if (before) {
    record.fault = `${before.kind} before the effect`;
    return before;
  }
  parts.catchUp();
  try {
    const found = findRoute(ROUTES, arrival.request.method ?? 'GET', arrival.url.pathname);
    if (!found) throw new GatewayError(404, `No such resource: ${arrival.url.pathname}`);
    if (found === 'method') throw new GatewayError(405, `${arrival.request.method} is not allowed here`);
    const reply = found.route.handle(callOf(parts, arrival, found));
    const { effect } = found.route;
    if (effect) {
      effects.all += 1;
      effects[effect] += 1;
      const after = damageAfter(world.settings, { effect: effects.all, kind: effect, ofKind: effects[effect] });
      if (after) {
        record.fault = `${after.kind} after the effect`;
        reply.onLost?.();
        return after;
      }
    }
    return jsonAnswer(parts, reply, record, effect === undefined);
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return { status: error.status, ...errorBody(world.settings, error.status, error.message) };
  }
}

function callOf(parts: GatewayParts, { body, request, url, record }: Arrival, found: RouteMatch) {
  const { world } = parts;
  const contentType = request.headers['content-type'] ?? '';
  return {
    world,
    username: record.user ?? '',
    params: found.params,
    query: url.searchParams,
    body: /multipart|xml/.test(contentType) ? undefined : parsedBody(body),
    text: body,
    contentType,
    now: world.clock.now(),
    number: record.number,
  };
}

function jsonAnswer(parts: GatewayParts, reply: Reply, record: CallRecord, isRead: boolean): Answer {
  const text = reply.body === undefined ? '' : JSON.stringify(reply.body);
  const isCut = isRead && isTruncated(parts.world.settings, record.number);
  if (isCut) record.fault = 'truncated';
  const shown = isCut ? text.slice(0, Math.ceil(text.length / 2)) : text;
  return { status: reply.status, type: 'application/json', text: shown, ...(reply.headers ? { headers: reply.headers } : {}) };
}

interface Finish {
  response: ServerResponse;
  record: CallRecord;
  outcome: Answer | Damage;
  limits: LimitVerdict;
}

function finish(parts: GatewayParts, { response, record, outcome, limits }: Finish): void {
  const { settings, clock } = parts.world;
  if ('kind' in outcome && outcome.kind === 'reset') response.socket?.resetAndDestroy();
  if ('kind' in outcome && outcome.kind !== 'status') return;
  const answer = 'kind' in outcome ? { status: outcome.status, ...errorBody(settings, outcome.status, 'Internal error') } : outcome;
  record.status = answer.status;
  for (const [name, value] of Object.entries(limits.headers)) response.setHeader(name, value);
  send(parts, response, answer);
  parts.log.answered(record, limits, clock.realNow());
}

function send(parts: GatewayParts, response: ServerResponse, answer: Answer): void {
  const bytes = Buffer.from(answer.text);
  response.writeHead(answer.status, {
    ...answer.headers,
    Date: new Date(parts.world.clock.now()).toUTCString(),
    'Content-Type': answer.type,
    'Content-Length': bytes.length,
    'X-Overhaul-Simulator': `speed=${parts.world.clock.speed}`,
  });
  response.end(bytes);
}

/** Undefined when the caller went away, or sent too much: nothing may come of half a request. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MAX_BODY_BYTES) {
        request.destroy();
        return undefined;
      }
      chunks.push(chunk);
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parsedBody(text: string): unknown {
  if (text.trim() === '') return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return value === '' ? undefined : value;
  } catch {
    throw new GatewayError(400, 'The body is not JSON');
  }
}
