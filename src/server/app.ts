// The HTTP server without its socket: routes, limits and the checks that every request passes.
import Fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type HTTPMethods,
  LogController,
  type RouteHandlerMethod,
} from 'fastify';
import { MAX_WORKFLOW_ID_BYTES } from '../domain/run/workflow-id.js';
import { apiRoutes } from './api/index.js';
import { openApiDocument } from './api/openapi.js';
import { DASHBOARD_ROUTES, OTHER_ROUTES } from './api/other-routes.js';
import { type ApiRoute, handlerOf, routerPath } from './api/route.js';
import { RunFeeds } from './api/run-feed.js';
import { dashboardRoutes, RUN_PAGE, runPage } from './dashboard/serve.js';
import type { ServerDeps } from './dependencies.js';
import { guardHooks } from './guard/hook-door.js';
import { trustedProxy } from './guard/proxies.js';
import { MINIMAL_TLS, type TlsKeyPair } from './guard/tls.js';
import { hookRoute } from './hooks.js';
import { foreignRequest, forwardedRequest, servesLoopbackOnly } from './loopback.js';
import { ServerMetrics } from './metrics/collect.js';
import { measureRequests, metricsRoute } from './metrics/route.js';
import { sendProblem } from './problem.js';

export const MAX_BODY_BYTES = 1024 * 1024;
const HEADERS_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 10_000;
const MAX_CONNECTIONS = 512;

const SECURITY_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/** Node's defaults let a client dribble its headers for 60 s. */
const TIMEOUTS = { headersTimeout: HEADERS_TIMEOUT_MS, connectionsCheckingInterval: 1_000 };

export function createApp(deps: ServerDeps): FastifyInstance {
  const app = Fastify({
    bodyLimit: MAX_BODY_BYTES,
    // An id of 1,000 bytes, each percent-encoded.
    routerOptions: { maxParamLength: 3 * MAX_WORKFLOW_ID_BYTES },
    requestTimeout: REQUEST_TIMEOUT_MS,
    trustProxy: trustedProxy(() => deps.configuration.current().server.trustedProxies),
    ...socketOf(deps.tls),
    // One line a ticket event is written where its outcome is known; the framework's two lines a request add nothing.
    logController: new LogController({ disableRequestLogging: true }),
    frameworkErrors: (error, request, reply) => void sendFailure(error, reply, request.log),
    ...(deps.logger ? { loggerInstance: deps.logger } : {}),
  });
  app.server.maxConnections = MAX_CONNECTIONS;

  // Bodies stay bytes: a signature covers the bytes, and is checked before anything reads them.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(SECURITY_HEADERS);
    const loopbackOnly = servesLoopbackOnly(deps.configuration.current().access);
    const { rawHeaders } = request.raw;
    // Events are signed, and of its health anybody may hear.
    const isOpen = /^\/(?:hooks\/|healthz|readyz)/.test(request.url);
    const refusal = loopbackOnly
      ? (foreignRequest(rawHeaders, deps.tls ? 'https' : 'http') ?? (isOpen ? undefined : forwardedRequest(rawHeaders)))
      : undefined;
    if (refusal) await sendProblem(reply, { status: 403, detail: refusal });
  });
  const metrics = new ServerMetrics();
  guardHooks(app, {
    ...deps,
    onAnswer(answer) {
      metrics.hookEvents.add({ hook: answer.hook ?? 'none', result: answer.result });
      deps.onHookAnswer?.(answer);
    },
  });
  measureRequests(app, metrics);
  app.setErrorHandler<FastifyError>((error, request, reply) => sendFailure(error, reply, request.log));
  app.setNotFoundHandler((_request, reply) => sendProblem(reply, { status: 404, detail: 'not found' }));

  // A wrong file is no reason to start the process again, which is what a failing health check is for: it would not come up.
  route(app, ['GET', 'HEAD'], '/healthz', async () => ({ status: 'ok', configuration: deps.configuration.health() }));
  route(app, ['GET', 'HEAD'], '/readyz', async (_request, reply) => {
    if (await deps.temporalReachable()) return { status: 'ready' };
    return sendProblem(reply.header('retry-after', '5'), { status: 503, detail: 'Temporal cannot be reached' });
  });
  route(app, ['POST'], '/hooks/:hook', hookRoute(deps));
  for (const [url, handler] of deps.dashboard ? dashboardRoutes(deps.dashboard) : []) route(app, ['GET', 'HEAD'], url, handler);
  serveApi(app, deps, metricsRoute({ ...deps, metrics, health: () => deps.configuration.health() }));
  return app;
}

/** The routes of the API, by address: another method of an address that is there is 405. */
function serveApi(app: FastifyInstance, deps: ServerDeps, ...more: ApiRoute[]): void {
  const door = { access: () => deps.configuration.current().access, env: deps.env, oidc: deps.oidc };
  const feeds = new RunFeeds(deps, { onTrouble: (error) => app.log.warn({ err: error }, 'cannot look at a run that somebody watches') });
  // They would keep the server from closing.
  app.addHook('preClose', async () => feeds.close());
  const routes = [...apiRoutes(deps, feeds), ...more];
  const document = JSON.stringify(openApiDocument([...OTHER_ROUTES, ...(deps.dashboard ? DASHBOARD_ROUTES : []), ...routes]));
  route(app, ['GET', 'HEAD'], '/openapi.json', async (_request, reply) => reply.type('application/json; charset=utf-8').send(document));
  for (const url of new Set(routes.map(({ path }) => routerPath(path)))) {
    const here = routes.filter(({ path }) => routerPath(path) === url);
    for (const api of here) {
      const plain = handlerOf(api, door);
      const handler = url === RUN_PAGE && deps.dashboard ? runPage(deps.dashboard, plain) : plain;
      app.route({ method: api.method, url, exposeHeadRoute: false, handler });
    }
    refuseOthers(
      app,
      here.map(({ method }) => method),
      url,
    );
  }
}

/** A server over TLS is one of plain HTTP to everything that is not about its socket. */
function socketOf(tls: TlsKeyPair | undefined): { http: typeof TIMEOUTS } {
  return tls ? ({ https: { ...TIMEOUTS, ...tls, minVersion: MINIMAL_TLS } } as unknown as { http: typeof TIMEOUTS }) : { http: TIMEOUTS };
}

/** A route that answers other methods with 405 rather than 404. */
function route(app: FastifyInstance, methods: HTTPMethods[], url: string, handler: RouteHandlerMethod): void {
  app.route({ method: methods, url, handler });
  refuseOthers(app, methods, url);
}

function refuseOthers(app: FastifyInstance, methods: readonly HTTPMethods[], url: string): void {
  app.route({
    method: app.supportedMethods.filter((method) => !methods.includes(method)),
    url,
    handler: (_request, reply) =>
      sendProblem(reply.header('allow', methods.join(', ')), { status: 405, detail: `use ${methods.join(' or ')}` }),
  });
}

/** What the framework refuses keeps its status; everything else is ours, and its text stays in the log. */
function sendFailure(error: FastifyError, reply: FastifyReply, log: FastifyBaseLogger): FastifyReply {
  const status = error.statusCode ?? 500;
  if (status === 413) return sendProblem(reply, { status, detail: `the body exceeds ${MAX_BODY_BYTES} bytes` });
  if (status >= 400 && status < 500) return sendProblem(reply, { status, detail: error.message });
  log.error({ err: error }, 'a request failed');
  return sendProblem(reply, { status: 500, detail: 'internal error; see the server log' });
}
