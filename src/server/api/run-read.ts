// What is read of one run: where it stands, its assets, their outputs, its report.
import { Readable } from 'node:stream';
import { z } from 'zod';
import { AssetPageSchema, AssetQuerySchema, RunShownSchema } from '../../contracts/http/answers.js';
import { NOT_JOINED, readNotJoined } from '../../domain/targets/join-record.js';
import { decodeOutput } from '../../domain/verdict/decode.js';
import type { Ledger } from '../../ledger/index.js';
import type { RunRow } from '../../ledger/rows/run.js';
import { type Observation, observe, refusalOf } from '../../runs/observe.js';
import { isFinished, REPORT_FORMATS, type ReportFormat, reportChunks } from '../../runs/report.js';
import { type Shown, shownJson, withoutLaterStart } from '../../runs/shown.js';
import { type NoOutput, storedOutput } from '../../runs/stored-output.js';
import type { ApiDeps } from './dependencies.js';
import { type ApiRoute, apiRoute, Refused } from './route.js';

export function runReadRoutes(deps: ApiDeps): ApiRoute[] {
  return [shownRoute(deps), assetsRoute(deps), outputRoute(deps), ...REPORT_FORMATS.map((format) => reportRoute(deps, format))];
}

function shownRoute(deps: ApiDeps): ApiRoute {
  return apiRoute({
    method: 'GET',
    path: '/api/runs/{id}',
    operationId: 'getRun',
    summary: 'Where a run or campaign stands, what it waits for, what was decided about it',
    operation: 'read',
    answers: { 200: { description: 'the run', schema: RunShownSchema }, ...UNKNOWN_RUN },
    handle: async ({ params: { id = '' } }) => {
      const shown = await lookAt(deps, id);
      const { view, trouble } = shown.seen;
      return { ...shownJson(shown), ...(view ? { kind: view.run.kind } : {}), ...(trouble === undefined ? {} : { warning: trouble }) };
    },
  });
}

/** Throws `Refused` where neither the ledger nor Temporal knows the run. */
export async function lookAt({ ledger: open, temporal }: Pick<ApiDeps, 'ledger' | 'temporal'>, id: string): Promise<Shown> {
  const ledger = await open();
  const seen = await observe({ ledger, temporal }, id);
  if (!seen.view && !seen.workflow) throw unknownRun(seen);
  const entries = await ledger.audit.of(id);
  return {
    ...withoutLaterStart(seen),
    audit: entries.filter(({ action }) => action !== NOT_JOINED),
    notJoined: readNotJoined(entries),
    halted: await ledger.killSwitch.state(),
    policy: undefined,
    warnings: await ledger.runs.warnings(id),
  };
}

const UNKNOWN_RUN = { 404: { description: 'no such run' } };

function unknownRun({ trouble }: Observation): Refused {
  if (trouble !== undefined) return new Refused({ status: 503, detail: 'the ledger has no such run, and Temporal cannot be asked' }, 15);
  return new Refused({ status: 404, detail: 'no such run' });
}

/** Of the ledger: what no worker has opened has neither assets nor a report. */
async function runOf(ledger: Ledger, id: string): Promise<RunRow> {
  const run = await ledger.runs.get(id);
  if (!run) throw new Refused({ status: 404, detail: 'no such run in the ledger' });
  return run;
}

function assetsRoute({ ledger: open }: ApiDeps): ApiRoute {
  return apiRoute({
    method: 'GET',
    path: '/api/runs/{id}/assets',
    operationId: 'listAssets',
    summary: 'The assets of the cohort, each with its last attempt, in the order of the cohort',
    operation: 'read',
    query: AssetQuerySchema,
    answers: { 200: { description: 'a page of them', schema: AssetPageSchema }, ...UNKNOWN_RUN },
    handle: async ({ params: { id = '' }, query }) => {
      const ledger = await open();
      await runOf(ledger, id);
      return ledger.reader.assets(id, query);
    },
  });
}

/** Shown as text, whatever it holds: no browser runs or guesses anything in it. */
const OUTPUT_HEADERS = {
  'content-type': 'text/plain; charset=utf-8',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
  'content-disposition': 'inline; filename="output.txt"',
};

function outputRoute({ ledger: open }: ApiDeps): ApiRoute {
  return apiRoute({
    method: 'GET',
    path: '/api/runs/{id}/assets/{assetId}/output',
    operationId: 'getOutput',
    summary: "The script's output on an asset, as text",
    operation: 'read',
    answers: {
      200: { description: 'the output, decoded', type: 'text/plain; charset=utf-8' },
      404: { description: 'no such run, no such asset in it, or no output: `detail` says why' },
    },
    handle: async ({ params: { id = '', assetId = '' }, reply }) => {
      const ledger = await open();
      await runOf(ledger, id);
      const found = await storedOutput(ledger, id, assetId);
      if (!found) throw new Refused({ status: 404, detail: 'no such asset in this run' });
      if (!('bytes' in found)) throw new Refused({ status: 404, detail: whyNone(found) });
      return reply.headers(OUTPUT_HEADERS).send(decodeOutput(found.bytes, found.encoding));
    },
  });
}

function whyNone({ state, run }: NoOutput): string {
  if (state.outcome === 'pending') return 'no output yet: the script was not sent to this asset';
  if (state.outcome === 'running') return 'no output yet: Qualys has no verdict for this asset';
  if (!state.sent) return `no output: the script was never sent to this asset (${state.reason ?? state.outcome})`;
  if (state.output === 'owed' && run.finishedAt === undefined) return 'no output yet: it is fetched with that of others';
  if (state.output === 'absent' || state.output === 'owed') return 'no output: Qualys gave none in time';
  return `no output is stored of an asset that is ${state.outcome} (output: ${run.request.output})`;
}

const REPORTS: Readonly<Record<ReportFormat, { type: string; disposition: string }>> = {
  html: { type: 'text/html; charset=utf-8', disposition: 'inline' },
  csv: { type: 'text/csv; charset=utf-8; header=present', disposition: 'attachment' },
  json: { type: 'application/json; charset=utf-8', disposition: 'inline' },
};
/** The page has its style in itself, so that it can be mailed; nothing in it may run or load anything. */
const REPORT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox allow-popups";

function reportRoute({ ledger: open }: ApiDeps, format: ReportFormat): ApiRoute {
  const { type, disposition } = REPORTS[format];
  return apiRoute({
    method: 'GET',
    path: `/api/runs/{id}/report.${format}`,
    operationId: `getReport${format[0]?.toUpperCase()}${format.slice(1)}`,
    summary: `The report of a finished run as ${format.toUpperCase()}`,
    operation: 'read',
    answers: {
      200: { description: 'the report', type, ...(format === 'json' ? { schema: JsonReportSchema } : {}) },
      ...UNKNOWN_RUN,
      409: { description: 'it is not finished, or was refused before anything was sent' },
    },
    handle: async ({ params: { id = '' }, reply, request }) => {
      const ledger = await open();
      const run = await runOf(ledger, id);
      if (!isFinished(run)) throw await noReport(ledger, run);
      reply.header('content-type', type).header('content-disposition', `${disposition}; filename="${fileName(id)}.${format}"`);
      if (format === 'html') reply.header('content-security-policy', REPORT_POLICY);
      const chunks = Readable.from(await reportChunks(format, ledger, run));
      // The status is sent by then: a report that ends early is one that the reader can tell by its broken transfer.
      chunks.on('error', (error) => request.log.error({ err: error, workflowId: id }, 'a report could not be read to its end'));
      return reply.send(chunks);
    },
  });
}

const JsonReportSchema = z.looseObject({ report: z.looseObject({}), assets: z.array(z.looseObject({})) });

async function noReport(ledger: Ledger, run: RunRow): Promise<Refused> {
  if (run.finishedAt === undefined)
    return new Refused({ status: 409, detail: `the run is not finished (${run.paused ? 'paused' : run.phase}), so it has no report yet` });
  const why = await refusalOf(ledger, run.id);
  return new Refused({ status: 409, detail: `the run was refused before anything was sent: ${why ?? 'Temporal has the reason'}` });
}

/** Of the id what every file system and header takes. */
function fileName(id: string): string {
  return `report-${id.replace(/[^A-Za-z0-9._-]+/g, '_').slice(0, 100)}`;
}
