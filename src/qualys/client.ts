// The Qualys client: wires transport, token, gate and clock, and lists what can be asked.
import type { CallGate, ServerClock } from '../domain/call-gate.js';
import { countOf, countsOf } from '../schema/qualys/counts.js';
import type { Logger } from './attempt.js';
import { type Reader, read } from './call.js';
import { activitySearch, assetJobSearch, assetSearch, jobSearch, OUTPUT_PAGE_SIZE, paths, scriptSearch, tagSearch } from './endpoints.js';
import { execute } from './execute.js';
import { walk } from './paging.js';
import type { Qualys } from './qualys.js';
import { createSchedule } from './schedule.js';
import { findScript } from './script.js';
import { createTokenSource } from './token.js';
import { createTransport } from './transport.js';

export interface QualysOptions {
  /** The gateway. A trailing slash and a path prefix are fine. */
  baseUrl: string;
  username: string;
  /** Asked at every `/auth`, because secret files rotate. */
  password: () => string | Promise<string>;
  gate: CallGate;
  clock: ServerClock;
  /** For each request as a whole; default 30 s. */
  timeoutMs?: number;
  /** Waits up to this long altogether are slept inside a call, longer ones end it as `limited`; default 3 s. */
  maxWaitInProcessMs?: number;
  logger?: Logger;
}

/** Close it to give its connections back. */
export interface QualysClient extends Qualys {
  close(): Promise<void>;
}

export function createQualys(options: QualysOptions): QualysClient {
  const reader = createReader(options);
  return {
    username: options.username,
    script: (idOrTitle, { runId } = {}) => findScript(reader, idOrTitle, runId),
    searchScripts: (search) => walk(reader, scriptSearch, search),
    searchAssets: (search) => walk(reader, assetSearch, search),
    searchTags: (search) => walk(reader, tagSearch, search),
    searchJobs: (search) => walk(reader, jobSearch, search),
    searchAssetJobs: ({ includeOutput = false, ...search }) =>
      includeOutput
        ? walk(reader, assetJobSearch, { pageSize: OUTPUT_PAGE_SIZE, ...search }, { includeScriptResult: true })
        : walk(reader, assetJobSearch, search),
    activities: (search) => walk(reader, activitySearch, search),
    countAssetJobs: ({ query, groupBy, runId }) => countAssetJobs(reader, { ...(query === undefined ? {} : { query }), groupBy }, runId),
    countSchedules: ({ filter, runId }) => countSchedules(reader, filter === undefined ? {} : { filter }, runId),
    execute: (request) => execute(reader, request),
    createSchedule: (request) => createSchedule(reader, request),
    close: () => reader.transport.close(),
  };
}

const SILENT: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined };

function createReader(options: QualysOptions): Reader {
  const { baseUrl, gate, clock, timeoutMs = 30_000, maxWaitInProcessMs = 3_000, logger = SILENT } = options;
  const transport = createTransport({ baseUrl, timeoutMs });
  const tokens = createTokenSource({ transport, clock, logger }, options);
  return { transport, tokens, gate, clock, logger, timeoutMs, maxWaitInProcessMs };
}

async function countAssetJobs(reader: Reader, query: Record<string, string>, runId: string | undefined): Promise<Record<string, number>> {
  const path = paths.assetJobCount(query);
  const answer = await read(reader, { endpoint: 'assetjobs/count', kind: 'read', method: 'GET', path, payloadOf: countsOf, runId });
  return answer.payload as Record<string, number>;
}

async function countSchedules(reader: Reader, json: object, runId: string | undefined): Promise<number> {
  const path = paths.scheduleCount;
  const answer = await read(reader, { endpoint: 'scheduler/count', kind: 'read', method: 'POST', path, json, payloadOf: countOf, runId });
  return answer.payload as number;
}
