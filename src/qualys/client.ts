// The Qualys client: wires transport, token, gate and clock, and lists what can be asked.
import type { CallGate, ServerClock } from '../domain/limits/call-gate.js';
import { count, countBy } from './car/counts.js';
import { execute } from './car/execute.js';
import { createSchedule } from './car/schedule.js';
import { findSchedules, readSchedule } from './car/schedule-search.js';
import { findScript } from './car/script.js';
import { cloneScript } from './car/script-clone.js';
import { exportScripts } from './car/script-export.js';
import { importScripts } from './car/script-import.js';
import type { Reader } from './http/read.js';
import type { Logger } from './http/send.js';
import { createTokenSource } from './http/token.js';
import { createTransport } from './http/transport.js';
import { easmStatus, untilEasmCompleted } from './inventory/easm.js';
import { edrAssets } from './inventory/edr.js';
import { countGavAssets, countGavV1Assets, gavAsset, gavAssets, gavV1Asset, gavV1Assets } from './inventory/gav.js';
import type { QualysOperations } from './operations.js';
import type { AssetJobRow, Qualys, WalkOptions } from './types.js';
import {
  activitySearch,
  assetJobSearch,
  assetJobSearchV1,
  assetSearch,
  jobSearch,
  jobSearchV1,
  OUTPUT_PAGE_SIZE,
  type SearchEndpoint,
  scriptSearch,
  tagSearch,
} from './walks/endpoints.js';
import { walk } from './walks/paging.js';

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
export interface QualysClient extends Qualys, QualysOperations {
  close(): Promise<void>;
}

export function createQualys(options: QualysOptions): QualysClient {
  const reader = createReader(options);
  return {
    username: options.username,
    identityHints: reader.tokens.identityHints,
    ...whatRunsNeed(reader),
    ...allElse(reader),
    close: () => reader.transport.close(),
  };
}

function whatRunsNeed(reader: Reader): Omit<Qualys, 'username' | 'identityHints'> {
  return {
    script: (idOrTitle, { runId } = {}) => findScript(reader, idOrTitle, runId),
    searchScripts: (search) => walk(reader, scriptSearch, search),
    searchAssets: (search) => walk(reader, assetSearch, search),
    searchTags: (search) => walk(reader, tagSearch, search),
    searchJobs: (search) => walk(reader, jobSearch, search),
    searchAssetJobs: (search) => assetJobWalk(reader, assetJobSearch, search),
    activities: (search) => walk(reader, activitySearch, search),
    countAssetJobs: ({ query, groupBy, runId }) =>
      countBy(reader, 'asset-jobs', groupBy, { ...(query === undefined ? {} : { filter: query }), runId }),
    countSchedules: (options) => count(reader, 'schedules', options),
    findSchedules: (options) => findSchedules(reader, options),
    schedule: (id, options) => readSchedule(reader, id, options),
    execute: (request) => execute(reader, request),
    createSchedule: (request) => createSchedule(reader, request),
  };
}

function allElse(reader: Reader): QualysOperations {
  return {
    searchJobsV1: (search) => walk(reader, jobSearchV1, search),
    searchAssetJobsV1: (search) => assetJobWalk(reader, assetJobSearchV1, search),
    exportScripts: (scriptIds, options) => exportScripts(reader, scriptIds, options),
    importScripts: (request) => importScripts(reader, request),
    cloneScript: (request) => cloneScript(reader, request),
    count: (what, options) => count(reader, what, options),
    countBy: (what, groupBy, options) => countBy(reader, what, groupBy, options),
    edrAssets: (options) => edrAssets(reader, options),
    gavAssets: (options) => gavAssets(reader, options),
    gavAsset: (assetId, options) => gavAsset(reader, assetId, options),
    countGavAssets: (options) => countGavAssets(reader, options),
    gavV1Assets: (options) => gavV1Assets(reader, options),
    gavV1Asset: (assetId, options) => gavV1Asset(reader, assetId, options),
    countGavV1Assets: (options) => countGavV1Assets(reader, options),
    easmStatus: (options) => easmStatus(reader, options),
    untilEasmCompleted: (wait) => untilEasmCompleted(() => easmStatus(reader, wait), wait),
  };
}

function assetJobWalk(
  reader: Reader,
  endpoint: SearchEndpoint<AssetJobRow>,
  { includeOutput = false, ...search }: WalkOptions & { includeOutput?: boolean },
) {
  return includeOutput
    ? walk(reader, endpoint, { pageSize: OUTPUT_PAGE_SIZE, ...search }, { includeScriptResult: true })
    : walk(reader, endpoint, search);
}

const SILENT: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined };

function createReader(options: QualysOptions): Reader {
  const { baseUrl, gate, clock, timeoutMs = 30_000, maxWaitInProcessMs = 3_000, logger = SILENT } = options;
  const transport = createTransport({ baseUrl, timeoutMs });
  const tokens = createTokenSource({ transport, clock, logger }, options);
  return { transport, tokens, gate, clock, logger, timeoutMs, maxWaitInProcessMs };
}
