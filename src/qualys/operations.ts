// The rest of the documented API, beyond what a run needs (types.ts): what `QualysClient` can be asked. Ids are strings, instants epoch
// milliseconds.
import type { z } from 'zod';
import type { GavFilter } from '../contracts/gav-filter.js';
import type { AssetJobRow, Cursor, Page, Script, ScriptJob, WalkOptions } from './types.js';
import type { EasmProfile } from './wire/easm.js';
import type { EdrAssetRow } from './wire/edr.js';
import type { GavAssetRow } from './wire/gav.js';

export type { EasmProfile, GavFilter };

export interface CallOptions {
  /** Whose call it is, for the count of calls in the report. */
  runId?: string | undefined;
  signal?: AbortSignal | undefined;
}

/** A script as exported. `raw` is what belongs into an import file: nothing added, nothing re-encoded. */
export interface ExportedScript extends Script {
  raw: Readonly<Record<string, unknown>>;
}

export interface ScriptExport {
  scripts: ExportedScript[];
  /** Ids that Qualys would not export (deprecated, rejected, unknown), each with its words. */
  refused: { id: string; message: string }[];
}

export interface ImportRequest {
  /** Path of a JSON file that holds an array of scripts. */
  file: string;
  runId?: string | undefined;
}

export interface CloneRequest {
  /** Id or exact title. */
  script: string;
  /** Of the copy; no script may have it yet. */
  title: string;
  runId?: string | undefined;
}

/** What happened to a call that would change something. Never thrown. `waitMs` is real time. */
type Refusal =
  | { kind: 'exists' | 'quota' | 'unknown'; message: string }
  | { kind: 'rejected'; status?: number; message: string }
  | { kind: 'refused'; waitMs?: number; message: string };

/**
 * `exists`: a script of such a title is there, nothing was imported. `quota`: waiting cannot help. `rejected`: asking again cannot help.
 * `refused`: not executed, may be asked again. `unknown`: it may have happened; look the titles up before anything else.
 */
export type ImportAnswer = { kind: 'created'; scriptIds: string[] } | Refusal;
/** As `ImportAnswer`; the copy must be reviewed and approved before it runs. */
export type CloneAnswer = { kind: 'created'; scriptId: string } | Refusal;

export type Counted = 'scripts' | 'jobs' | 'asset-jobs' | 'schedules' | 'assets';

/** `filter` is QQL. `startAt` and `endAt` are not documented for assets, and refused there. */
export interface CountOptions extends CallOptions {
  filter?: string;
  startAt?: number;
  endAt?: number;
}

export type EdrAsset = z.output<typeof EdrAssetRow> & { raw: Readonly<Record<string, unknown>> };
export type GavAsset = z.output<typeof GavAssetRow> & { raw: Readonly<Record<string, unknown>> };

export interface EdrWalkOptions extends CallOptions {
  /** QQL, such as `asset.platform: 'Windows'`. */
  filter?: string;
  pageSize?: number;
  /**
   * A strict projection; `id` and `timeStamp` are always asked for, because a cursor may have to be made of them
   * (docs/qualys-api.md#edr-assets).
   */
  includeAttributes?: readonly string[];
  excludeAttributes?: readonly string[];
  after?: Cursor | undefined;
}

export interface GavFields {
  includeFields?: readonly string[];
  excludeFields?: readonly string[];
}

interface GavWalk extends CallOptions, GavFields {
  /** 1 to 300 (docs/qualys-api.md#global-assetview); default 300. */
  pageSize?: number;
  after?: Cursor | undefined;
}

/** The JSON filter (docs/qualys-api.md#global-assetview), or XML text, which is sent as it is. */
export type GavV2Filter = GavFilter | { xml: string };

export interface GavWalkOptions extends GavWalk {
  filter?: GavV2Filter;
  /** `assetLastUpdated`: a name that one client only knows (docs/qualys-api.md#global-assetview). */
  updatedSince?: number;
}

export interface GavV1WalkOptions extends GavWalk {
  /** QQL, such as `customAttributes.key:'Media State4'`. */
  filter?: string;
  /** `lastModifiedDate` (docs/qualys-api.md#global-assetview). */
  updatedSince?: number;
}

export interface EasmWait extends CallOptions {
  sleep: (ms: number) => Promise<void>;
  /** Between two looks; default 60,000: poll slowly (docs/qualys-api.md#easm-profiles). */
  everyMs?: number;
  /** Slept altogether at most; default 4 h. */
  maxWaitMs?: number;
  /** Only this profile; default: all of them. */
  profileId?: string;
}

export type EasmWaited =
  | { kind: 'completed'; profiles: EasmProfile[] }
  /** No active profile, or not the one asked for: nothing to wait for, and no proof of a sync. */
  | { kind: 'no-profile'; profiles: EasmProfile[] }
  | { kind: 'timed-out'; waitedMs: number; profiles: EasmProfile[] };

/** Errors as with `Qualys`; import and clone answer with a word for each fate. */
export interface QualysOperations {
  /** v1, page numbers: at most 9,999 rows. CAR guide 1.0.0, "List Script Jobs". */
  searchJobsV1(options: WalkOptions): AsyncIterable<Page<ScriptJob>>;
  /** v1, page numbers: at most 9,999 rows. CAR guide 1.0.0, "List Asset Jobs". */
  searchAssetJobsV1(options: WalkOptions & { includeOutput?: boolean }): AsyncIterable<Page<AssetJobRow>>;
  /** 50 ids a call; where some of them are refused, each by itself. CAR guide 1.0.0, "Export Scripts". */
  exportScripts(scriptIds: readonly string[], options?: CallOptions): Promise<ScriptExport>;
  /** Streams a `.json` export file. CAR guide 1.0.0, "Import Scripts". */
  importScripts(request: ImportRequest): Promise<ImportAnswer>;
  /** By id or exact title. CAR guide 1.0.0, "Clone Scripts". */
  cloneScript(request: CloneRequest): Promise<CloneAnswer>;
  /** CAR 1.6 release notes, "Count number of …". */
  count(what: Counted, options?: CountOptions): Promise<number>;
  /** Group value to number. */
  countBy(what: Counted, groupBy: string, options?: CountOptions): Promise<Record<string, number>>;
  /** v1, or the path without a version where the gateway does not know v1. "Fetch Asset Details Using SearchAfter". */
  edrAssets(options: EdrWalkOptions): AsyncIterable<Page<EdrAsset>>;
  /** v2, 1 to 300 assets a page. GAV/CSAM release notes, "Asset List V2 API"; the others stand beside it under their own names. */
  gavAssets(options: GavWalkOptions): AsyncIterable<Page<GavAsset>>;
  /** v2. Undefined when the service knows no such asset. */
  gavAsset(assetId: string, options?: CallOptions & GavFields): Promise<GavAsset | undefined>;
  /** v2. */
  countGavAssets(options?: CallOptions & { filter?: GavV2Filter }): Promise<number>;
  /** v1: without a filter one endpoint, with one another. */
  gavV1Assets(options: GavV1WalkOptions): AsyncIterable<Page<GavAsset>>;
  /** v1. Undefined when the service knows no such asset. */
  gavV1Asset(assetId: string, options?: CallOptions & GavFields): Promise<GavAsset | undefined>;
  /** v1. */
  countGavV1Assets(options?: CallOptions & { filter?: string }): Promise<number>;
  /** Sync status of the active profiles; none, one or several (docs/qualys-api.md#easm-profiles). GAV/CSAM release notes, EASM. */
  easmStatus(options?: CallOptions): Promise<EasmProfile[]>;
  /** Looks again and again until every profile says `COMPLETED`. A word that is not known is not the end. */
  untilEasmCompleted(options: EasmWait): Promise<EasmWaited>;
}
