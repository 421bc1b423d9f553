// GET /metrics, for whoever may read.
import type { FastifyInstance } from 'fastify';
import { type ApiRoute, apiRoute } from '../api/route.js';
import { type Measured, metricsText, type ServerMetrics } from './collect.js';
import { EXPOSITION_TYPE } from './exposition.js';

const MS_PER_S = 1_000;

export function metricsRoute(measured: Measured): ApiRoute {
  const text = metricsText(measured);
  return apiRoute({
    method: 'GET',
    path: '/metrics',
    operationId: 'readMetrics',
    summary: 'Metrics in the text format of Prometheus.',
    operation: 'read',
    answers: { 200: { description: 'The metrics.', type: EXPOSITION_TYPE } },
    handle: async ({ reply }) => reply.type(EXPOSITION_TYPE).send(await text()),
  });
}

/** By the route's pattern, never by an address that somebody made up. */
export function measureRequests(app: FastifyInstance, { requests }: ServerMetrics): void {
  app.addHook('onResponse', async (request, reply) => {
    // One that follows a run is answered for as long as somebody looks.
    if (String(reply.getHeader('content-type') ?? '').startsWith('text/event-stream')) return;
    const labels = { route: request.routeOptions.url ?? 'none', method: request.method, status: String(reply.statusCode) };
    requests.observe(labels, reply.elapsedTime / MS_PER_S);
  });
}
