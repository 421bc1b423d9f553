// The API as a table: what differs between endpoints stands here, what they share in qualys/http/read.ts, paging.ts and
// qualys/http/send.ts.
import { operations, pathOf } from '../catalog.js';
import type { AssetJobRow as AssetJob, AuditRecord, CarAsset, Script, ScriptJob } from '../types.js';
import { AuditRow, auditRecordsOf } from '../wire/activities.js';
import { AssetTagRow, readCarAsset } from '../wire/assets.js';
import { bySchema, listOf, type RawList, type ReadRow } from '../wire/common.js';
import { readAssetJob, ScriptJobRow } from '../wire/jobs.js';
import { ScriptRow } from '../wire/scripts.js';

/** A path into the raw row, and the direction. */
export type SortKey = readonly [path: string, direction: 'asc' | 'desc'];

export interface SearchEndpoint<Row> {
  name: string;
  path: string;
  /** Page numbers reach 9,999 rows; search-after has no end but needs a unique sort. */
  engine: 'page-number' | 'search-after';
  /** Ends with something unique (docs/qualys-api.md#paging). Empty where no sort is documented. */
  sort: readonly SortKey[];
  pageSize: number;
  /** Body keys that differ (docs/qualys-api.md#filters). */
  keys: { filter: string; startAt: string; endAt: string };
  listOf: (json: unknown) => RawList | undefined;
  row: ReadRow<Row>;
  /** Raw field that identifies a row, for finding repeats. */
  idField: string;
  /** A server that ignores paging repeats its page; where that is to be expected the walk ends there. */
  mayIgnorePaging?: boolean;
}

const KEYS = { filter: 'filter', startAt: 'startAt', endAt: 'endAt' };
/** 11 such pages end exactly at the 9,999th row. */
const NUMBERED_PAGE_SIZE = 909;
/** CAR 1.6 recommends 1,000 to 2,000. */
const WALK_PAGE_SIZE = 1_000;

export const scriptSearch: SearchEndpoint<Script> = {
  name: 'scripts/search',
  path: operations.searchScripts.path,
  engine: 'page-number',
  sort: [['id', 'asc']],
  pageSize: NUMBERED_PAGE_SIZE,
  keys: KEYS,
  listOf,
  row: bySchema(ScriptRow),
  idField: 'id',
};

export const assetSearch: SearchEndpoint<CarAsset> = {
  name: 'assets/search',
  path: operations.searchAssets.path,
  engine: 'search-after',
  sort: [['id', 'asc']],
  pageSize: WALK_PAGE_SIZE,
  keys: KEYS,
  listOf,
  row: readCarAsset,
  idField: 'assetId',
};

export const tagSearch: SearchEndpoint<{ tagId: string; tagUuid: string; name: string }> = {
  name: 'assettags/search',
  path: operations.searchTags.path,
  engine: 'page-number',
  sort: [],
  pageSize: NUMBERED_PAGE_SIZE,
  keys: KEYS,
  listOf,
  row: bySchema(AssetTagRow),
  idField: 'id',
  mayIgnorePaging: true,
};

/** Newest first: whoever searches for the job of an execution finds it on the first page. */
export const jobSearch: SearchEndpoint<ScriptJob> = {
  name: 'jobs/search',
  path: operations.searchJobs.path,
  engine: 'search-after',
  sort: [
    ['created.dateTime', 'desc'],
    ['id', 'desc'],
  ],
  pageSize: WALK_PAGE_SIZE,
  keys: KEYS,
  listOf,
  row: bySchema(ScriptJobRow),
  idField: 'id',
};

/** Oldest first: asset jobs that appear during the walk come behind what was read. */
export const assetJobSearch: SearchEndpoint<AssetJob> = {
  name: 'assetjobs/search',
  path: operations.searchAssetJobs.path,
  engine: 'search-after',
  sort: [
    ['created.dateTime', 'asc'],
    ['id', 'asc'],
  ],
  pageSize: WALK_PAGE_SIZE,
  keys: KEYS,
  listOf,
  row: readAssetJob,
  idField: 'id',
};

/** v1: the same rows by page numbers, which end at the 9,999th. */
export const jobSearchV1: SearchEndpoint<ScriptJob> = {
  ...jobSearch,
  name: 'v1/jobs/search',
  path: operations.searchJobsV1.path,
  engine: 'page-number',
  pageSize: NUMBERED_PAGE_SIZE,
};

export const assetJobSearchV1: SearchEndpoint<AssetJob> = {
  ...assetJobSearch,
  name: 'v1/assetjobs/search',
  path: operations.searchAssetJobsV1.path,
  engine: 'page-number',
  pageSize: NUMBERED_PAGE_SIZE,
};

export const activitySearch: SearchEndpoint<AuditRecord> = {
  name: 'scripts/activities',
  path: operations.activities.path,
  engine: 'page-number',
  sort: [],
  pageSize: NUMBERED_PAGE_SIZE,
  keys: { filter: 'qql', startAt: 'startDate', endAt: 'endDate' },
  listOf: auditRecordsOf,
  row: bySchema(AuditRow),
  idField: 'id',
};

/** Pages with output hold up to 1 MB a row (docs/qualys-api.md#scripts). */
export const OUTPUT_PAGE_SIZE = 25;

export const paths = {
  /** Takes an id or a name, as one segment (docs/qualys-api.md#filters). */
  script: (idOrTitle: string) => pathOf(operations.script.path, { id: idOrTitle }),
  execute: (scriptId: string) => pathOf(operations.execute.path, { scriptId }),
  schedule: operations.createSchedule.path,
} as const;
