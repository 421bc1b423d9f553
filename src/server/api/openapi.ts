// GET /openapi.json: what this server answers, made from the routes and their schemas.
import { z } from 'zod';
import { ProblemSchema } from '../../contracts/http/answers.js';
import { type Operation, rolesFor } from '../../domain/access/permissions.js';
import type { Answer } from './route.js';

/** A route as far as the document tells of it. */
export interface DescribedRoute {
  method: 'GET' | 'POST';
  path: string;
  operationId: string;
  summary: string;
  /** Absent where nobody is asked who they are. */
  operation?: Operation | undefined;
  query?: z.ZodObject | undefined;
  body?: z.ZodType | undefined;
  headers?: readonly { name: string; description: string; required: boolean }[] | undefined;
  answers: Readonly<Record<number, Answer>>;
}

type Json = Record<string, unknown>;

const JSON_TYPE = 'application/json';
const PROBLEM_TYPE = 'application/problem+json';

export function openApiDocument(routes: readonly DescribedRoute[]): Json {
  const schemas: Json = {};
  const paths: Record<string, Json> = {};
  for (const route of routes) paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operationOf(route, schemas) };
  return {
    openapi: '3.1.0',
    info: {
      title: 'Overhaul',
      version: '1',
      description: 'Runs that execute Qualys scripts: read, started and decided. Errors are problem+json (RFC 9457).',
    },
    paths,
    components: {
      schemas,
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'a token of access.tokens, or a JWT of access.oidc' },
        basic: { type: 'http', scheme: 'basic', description: 'to read only: the token as password, under any user name' },
      },
    },
  };
}

function operationOf(route: DescribedRoute, schemas: Json): Json {
  const { operation, body, method } = route;
  const parameters = [...pathParameters(route), ...queryParameters(route, schemas), ...headerParameters(route)];
  return {
    operationId: route.operationId,
    summary: route.summary,
    ...(operation
      ? {
          description: `Roles: ${rolesFor(operation).join(', ')}.`,
          security: method === 'GET' ? [{ bearer: [] }, { basic: [] }] : [{ bearer: [] }],
        }
      : { security: [] }),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body ? { requestBody: { required: true, content: { [JSON_TYPE]: { schema: schemaOf(body, 'input', schemas) } } } } : {}),
    responses: responsesOf(route, schemas),
  };
}

function pathParameters({ path }: DescribedRoute): Json[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    description: 'percent-encoded, slashes included',
    schema: { type: 'string', minLength: 1 },
  }));
}

function queryParameters({ query }: DescribedRoute, schemas: Json): Json[] {
  return Object.entries(query?.shape ?? {}).map(([name, schema]) => {
    const { description, ...rest } = schemaOf(schema as z.ZodType, 'input', schemas) as { description?: string };
    return { name, in: 'query', required: false, ...(description === undefined ? {} : { description }), schema: rest };
  });
}

function headerParameters({ headers = [] }: DescribedRoute): Json[] {
  return headers.map((header) => ({ ...header, in: 'header', schema: { type: 'string' } }));
}

/** Those that any route may give, beside its own. */
function responsesOf({ operation, query, body, answers }: DescribedRoute, schemas: Json): Json {
  const common: Record<number, Answer> = {
    ...(query ? { 400: { description: 'the query is invalid' } } : {}),
    ...(operation ? { 401: { description: 'no valid token' } } : {}),
    ...(operation ? { 403: { description: 'the role does not allow it, or without `access` the request is not from this machine' } } : {}),
    ...(body
      ? {
          413: { description: 'the body exceeds 1 MiB' },
          415: { description: 'not JSON in UTF-8' },
          422: { description: 'the body is invalid: `problems` has everything' },
        }
      : {}),
    ...(operation ? { 503: { description: 'Temporal, the ledger or a secret cannot be had just now; see Retry-After' } } : {}),
  };
  return Object.fromEntries(
    Object.entries({ ...common, ...answers }).map(([status, answer]) => [status, responseOf(Number(status), answer, schemas)]),
  );
}

function responseOf(status: number, { description, schema, type }: Answer, schemas: Json): Json {
  if (status === 204) return { description };
  if (status >= 400) return { description, content: { [PROBLEM_TYPE]: { schema: schemaOf(ProblemSchema, 'output', schemas) } } };
  const content = {
    [(type ?? JSON_TYPE).split(';')[0] ?? JSON_TYPE]: { schema: schema ? schemaOf(schema, 'output', schemas) : { type: 'string' } },
  };
  return { description, content };
}

/** By reference where it has a name, which then is among `schemas`. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output', schemas: Json): Json {
  const {
    $schema: _draft,
    $defs = {},
    ...root
  } = JSON.parse(
    JSON.stringify(z.toJSONSchema(schema, { io, unrepresentable: 'any' })).replaceAll('"#/$defs/', '"#/components/schemas/'),
  ) as Json & { $defs?: Json };
  Object.assign(schemas, $defs);
  return root;
}
