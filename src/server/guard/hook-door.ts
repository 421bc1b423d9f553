// What every delivery passes before it is read, the rate limit of its hook, and who is told of its answer.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ServerDeps } from '../dependencies.js';
import { type HookAnswer, readAnswer } from '../hook-answers.js';
import { sendProblem } from '../problem.js';
import { DEFAULT_RATE, HookLimiter, UNKNOWN_RATE } from './rate-limit.js';

const ROUTE = '/hooks/:hook';
/** All that are not configured, together: a stranger's names fill nothing. */
const UNKNOWN = '';

type Guarded = Pick<ServerDeps, 'configuration' | 'now'> & { onAnswer: (answer: HookAnswer) => void };

export function guardHooks(app: FastifyInstance, { configuration, now, onAnswer }: Guarded): void {
  const limiter = new HookLimiter();
  const configured = (name: string) => {
    const { hooks } = configuration.current();
    return Object.hasOwn(hooks, name) ? hooks[name] : undefined;
  };
  app.addHook('onRequest', async (request, reply) => {
    const name = hookNameOf(request);
    if (name === undefined || reply.sent) return;
    const hook = configured(name);
    const waitS = limiter.refusal(
      hook ? name : UNKNOWN,
      request.ip,
      hook ? (hook.rateLimit ?? DEFAULT_RATE) : UNKNOWN_RATE,
      now().getTime(),
    );
    if (waitS === undefined) return;
    // The body was not read, and is not going to be: the next request cannot come over this connection.
    reply.header('retry-after', String(waitS)).header('connection', 'close');
    await sendProblem(reply, { status: 429, detail: 'too many events: send this one again later' });
  });
  app.addHook('onSend', async (request, reply, payload) => {
    const name = hookNameOf(request);
    if (name !== undefined && request.method === 'POST') onAnswer(readAnswer(configured(name) && name, reply.statusCode, payload));
    return payload;
  });
}

/** Undefined of a request to another route. */
function hookNameOf(request: FastifyRequest): string | undefined {
  return request.routeOptions.url === ROUTE ? (request.params as { hook: string }).hook : undefined;
}
