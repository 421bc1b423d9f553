// The routes beside the API, as the OpenAPI document tells of them.
import { z } from 'zod';
import type { DescribedRoute } from './openapi.js';

const Instant = z.iso.datetime();
const Health = z.strictObject({
  status: z.literal('ok'),
  configuration: z.strictObject({ digest: z.string(), readAt: Instant, problem: z.string().optional() }),
});
const Taken = z.strictObject({ workflowId: z.string(), url: z.url() });
const Ignored = z.strictObject({ ignored: z.string() });

export const OTHER_ROUTES: readonly DescribedRoute[] = [
  {
    method: 'GET',
    path: '/healthz',
    operationId: 'getHealth',
    summary: 'Whether the process serves, and by which configuration',
    answers: { 200: { description: 'it serves', schema: Health } },
  },
  {
    method: 'GET',
    path: '/readyz',
    operationId: 'getReadiness',
    summary: 'Whether Temporal answers',
    answers: {
      200: { description: 'it does', schema: z.strictObject({ status: z.literal('ready') }) },
      503: { description: 'it does not; see Retry-After' },
    },
  },
  {
    method: 'GET',
    path: '/openapi.json',
    operationId: 'getOpenApi',
    summary: 'This document',
    answers: { 200: { description: 'the document', schema: z.looseObject({ openapi: z.literal('3.1.0') }) } },
  },
  {
    method: 'POST',
    path: '/hooks/{hook}',
    operationId: 'sendTicketEvent',
    summary: 'A ticket event, in the words and with the signature of the system of the hook',
    body: z.record(z.string(), z.unknown()),
    answers: {
      202: { description: 'Temporal has accepted the start', schema: Taken },
      200: { description: 'the same request was accepted before, or the event asks for nothing', schema: z.union([Taken, Ignored]) },
      401: { description: 'the signature is missing or wrong, or too far from the clock of this server' },
      404: { description: 'no such hook' },
      409: { description: 'the same ticket and generation with another request' },
      503: { description: 'send it again; see Retry-After' },
    },
  },
];

/** Where the dashboard is built: the same for everybody, so nobody is asked for a token. */
export const DASHBOARD_ROUTES: readonly DescribedRoute[] = [
  {
    method: 'GET',
    path: '/',
    operationId: 'getDashboard',
    summary: 'The dashboard, which asks the API for what it shows',
    answers: { 200: { description: 'the page', type: 'text/html; charset=utf-8' } },
  },
  {
    method: 'GET',
    path: '/assets/{file}',
    operationId: 'getDashboardFile',
    summary: 'A script, style or picture of the dashboard, named by its content',
    answers: { 200: { description: 'the file', type: 'application/octet-stream' }, 404: { description: 'no such file' } },
  },
];
