// A route of the API as data: what it is called with, who may call it, what it answers. The app, the checks and the OpenAPI document are
// all made from it.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { type Problem, problemsOf } from '../../contracts/problems.js';
import { may, type Operation, rolesFor } from '../../domain/access/permissions.js';
import { parsePayload } from '../../tickets/payload.js';
import { admit, type Doorkeeper } from '../access/admit.js';
import type { Principal } from '../access/principal.js';
import { type ProblemAnswer, sendProblem } from '../problem.js';

export interface Call<Query = unknown, Body = unknown> {
  request: FastifyRequest;
  reply: FastifyReply;
  principal: Principal;
  /** Decoded; an id may hold any character. */
  params: Readonly<Record<string, string>>;
  query: Query;
  body: Body;
}

export interface Answer {
  description: string;
  /** Of JSON; without it `type` says what the body is. */
  schema?: z.ZodType;
  type?: string;
}

export interface ApiRoute {
  method: 'GET' | 'POST';
  /** As OpenAPI writes it: `/api/runs/{id}`. */
  path: string;
  operationId: string;
  summary: string;
  operation: Operation;
  query?: z.ZodObject;
  body?: z.ZodType;
  /** By status; those that every route may give are added. */
  answers: Readonly<Record<number, Answer>>;
  handle(call: Call): Promise<unknown>;
}

interface Typed<Query extends z.ZodObject | undefined, Body extends z.ZodType | undefined>
  extends Omit<ApiRoute, 'query' | 'body' | 'handle'> {
  query?: Query;
  body?: Body;
  handle(
    call: Call<Query extends z.ZodType ? z.output<Query> : undefined, Body extends z.ZodType ? z.output<Body> : undefined>,
  ): Promise<unknown>;
}

/** Ties the types of a handler to the schemas of its route. */
export function apiRoute<Query extends z.ZodObject | undefined = undefined, Body extends z.ZodType | undefined = undefined>(
  route: Typed<Query, Body>,
): ApiRoute {
  return route as ApiRoute;
}

/** Ends a request: the answer is the problem. */
export class Refused extends Error {
  override readonly name = 'Refused';

  constructor(
    readonly answer: ProblemAnswer,
    readonly retryAfterS?: number,
  ) {
    super(answer.detail);
  }
}

/** `/api/runs/{id}` as the router writes it. */
export function routerPath(path: string): string {
  return path.replace(/\{(\w+)\}/g, ':$1');
}

export function handlerOf(route: ApiRoute, door: Doorkeeper) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const admission = await admit(door, request);
    if ('refused' in admission) return refuse(request, reply, admission.refused);
    const { principal } = admission;
    try {
      demand(principal, route.operation);
      const query = checked(route.query, withoutEmpty(request.query), { status: 400, detail: 'the query is invalid' });
      const body = route.body ? checked(route.body, bodyOf(request), { status: 422, detail: 'the body is invalid' }) : undefined;
      return await route.handle({ request, reply, principal, params: request.params as Record<string, string>, query, body });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.retryAfterS !== undefined) reply.header('retry-after', String(error.retryAfterS));
      return sendProblem(reply, error.answer);
    }
  };
}

/** `?q=` is as good as no `q`. */
function withoutEmpty(query: unknown): unknown {
  return Object.fromEntries(Object.entries(query as Record<string, unknown>).filter(([, value]) => value !== ''));
}

/** Throws `Refused` where the role does not allow it. */
export function demand({ name, role }: Principal, operation: Operation): void {
  if (may(role, operation)) return;
  const needed = rolesFor(operation).join(' or ');
  throw new Refused({ status: 403, detail: `${name} has the role ${role}; ${operation} needs ${needed}` });
}

function refuse(request: FastifyRequest, reply: FastifyReply, refused: ProblemAnswer): FastifyReply {
  if (refused.status === 401) {
    const isPage = request.headers['sec-fetch-mode'] === 'navigate' && request.method === 'GET';
    // A script that asks is to handle it by itself; a person is asked for the token by the browser.
    reply.header('www-authenticate', isPage ? ['Basic realm="Overhaul", charset="UTF-8"', 'Bearer'] : 'Bearer');
  }
  if (refused.status === 503) reply.header('retry-after', '15');
  return sendProblem(reply, refused);
}

function checked(schema: z.ZodType | undefined, value: unknown, wrong: { status: number; detail: string }): unknown {
  if (!schema) return undefined;
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw unfit(wrong, problemsOf(parsed.error, schema));
  return parsed.data;
}

function unfit({ status, detail }: { status: number; detail: string }, problems: Problem[]): Refused {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  return new Refused({ status, detail: `${detail}: ${count}`, problems });
}

/** Of the request, whose body is bytes until here. None is an object without fields. */
function bodyOf(request: FastifyRequest): unknown {
  const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const type = request.headers['content-type'];
  if (bytes.length === 0 && (type === undefined || isJson(type))) return {};
  if (type === undefined || !isJson(type) || request.headers['content-encoding'] !== undefined)
    throw new Refused({ status: 415, detail: 'use content-type: application/json in UTF-8, without content-encoding' });
  const payload = parsePayload(bytes);
  if (!payload.ok) throw unfit({ status: 422, detail: 'the body is invalid' }, payload.problems);
  return payload.value;
}

function isJson(type: string): boolean {
  return /^application\/json\s*(?:;\s*charset="?utf-8"?\s*)?$/i.test(type);
}
