// GET /api/runs/:id/events: what happens to a run, as server-sent events; resumed by Last-Event-ID.
import type { ApiDeps } from './dependencies.js';
import { type ApiRoute, apiRoute, Refused } from './route.js';
import { placeOf, type RunFeeds } from './run-feed.js';

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  // nginx would keep events back until its buffer is full.
  'x-accel-buffering': 'no',
};

export function eventsRoute({ ledger, temporal }: ApiDeps, feeds: RunFeeds): ApiRoute {
  return apiRoute({
    method: 'GET',
    path: '/api/runs/{id}/events',
    operationId: 'watchRun',
    summary: 'What happens to the run, as server-sent events: `state`, `audit`, and `end` once',
    operation: 'read',
    answers: {
      200: { description: 'the events; `Last-Event-ID` continues behind one', type: 'text/event-stream; charset=utf-8' },
      204: { description: 'the run has ended, and its last event was heard' },
      404: { description: 'no such run' },
    },
    handle: async ({ params: { id = '' }, request, reply }) => {
      const last = request.headers['last-event-id'];
      const from = typeof last === 'string' && last !== '' ? placeOf(last) : undefined;
      if (last !== undefined && last !== '' && !from)
        throw new Refused({ status: 400, detail: 'the Last-Event-ID is none of this stream' });
      const isKnown = (await (await ledger()).runs.get(id)) ?? (await temporal.find(id));
      if (!isKnown) throw new Refused({ status: 404, detail: 'no such run' });
      const stream = await feeds.listen(id, from);
      return stream ? reply.headers(HEADERS).send(stream) : reply.code(204).send();
    },
  });
}
