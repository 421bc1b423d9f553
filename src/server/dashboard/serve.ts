// GET / and /runs/:id: the dashboard. The page itself holds nothing of any run, so whoever comes may have it; what it shows it asks of the
// API, with the token of the person before it.
import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import { sendProblem } from '../problem.js';
import type { Dashboard } from './files.js';

/** Scripts and styles of this server alone; nothing inline, nothing from elsewhere, and nothing that would take text for markup. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');
const HEADERS = { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': PAGE_POLICY };
/** A name says what is in the file: another content has another name. */
const FOREVER = 'public, max-age=31536000, immutable';

type PlainHandler = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

export const RUN_PAGE = '/runs/:id';

/** Those that need no credentials: nothing of any run is in them. */
export function dashboardRoutes(dashboard: Dashboard): [url: string, handler: RouteHandlerMethod][] {
  const page = pageOf(dashboard, '');
  return [
    ['/', async (_request, reply) => reply.headers(HEADERS).send(page)],
    ['/assets/:file', async (request, reply) => sendFile(dashboard, request, reply)],
  ];
}

/** `plainPage`, the run without scripts, stays at `?plain`. */
export function runPage(dashboard: Dashboard, plainPage: PlainHandler): PlainHandler {
  const page = pageOf(dashboard, '<meta http-equiv="refresh" content="0; url=?plain">');
  return async (request, reply) => (isPlain(request) ? plainPage(request, reply) : reply.headers(HEADERS).send(page));
}

function isPlain({ query }: FastifyRequest): boolean {
  return Object.hasOwn(query as object, 'plain');
}

function sendFile({ files }: Dashboard, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const file = files.get((request.params as { file: string }).file);
  if (!file) return sendProblem(reply, { status: 404, detail: 'not found' });
  reply.headers({ 'content-type': file.type, 'cache-control': FOREVER, vary: 'accept-encoding' });
  const takesGzip = /\bgzip\b(?!;\s*q=0(\.0*)?\s*(,|$))/.test(String(request.headers['accept-encoding'] ?? ''));
  return takesGzip ? reply.header('content-encoding', 'gzip').send(file.gzipped) : reply.send(file.bytes);
}

/** `withoutScripts`: what a browser that runs none does. */
function pageOf({ script, style, icon }: Dashboard, withoutScripts: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Overhaul</title>
<link rel="icon" type="image/svg+xml" href="/assets/${icon}">
<link rel="stylesheet" href="/assets/${style}">
<script type="module" src="/assets/${script}"></script>
<noscript>${withoutScripts}</noscript>
</head>
<body>
<div id="app"></div>
<noscript><p>This page needs scripts. Without them, a run is at <code>/runs/ID?plain</code>, and everything at <a href="/api/runs">/api/runs</a>.</p></noscript>
</body>
</html>
`;
}
