// Errors are `application/problem+json` (RFC 9457).
import { STATUS_CODES } from 'node:http';
import type { FastifyReply } from 'fastify';
import { withoutSecrets } from '../contracts/config/known-secrets.js';
import type { Problem } from '../contracts/request.js';

export interface ProblemAnswer {
  status: number;
  detail: string;
  problems?: readonly Problem[];
}

/** At most 200 problems are listed, as everywhere in the contract. */
const LISTED_PROBLEMS = 200;

export function sendProblem(reply: FastifyReply, { status, detail, problems }: ProblemAnswer): FastifyReply {
  const body = {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: withoutSecrets(detail),
    ...(problems
      ? { problems: problems.slice(0, LISTED_PROBLEMS).map(({ path, problem }) => ({ path, problem: withoutSecrets(problem) })) }
      : {}),
  };
  // Serialised here: fastify's serialiser for objects would put `application/json` in place of the type.
  return reply.code(status).type('application/problem+json').send(JSON.stringify(body));
}
