// What the activities ask of Qualys. `client.ts` implements it over HTTP; rows arrive normalised, ids always as strings.
import type { FoundSchedule } from '../schema/qualys/schedules.js';

/** One page of a walk. `cursor` is what `after` takes to go on behind this page; undefined at the end. */
export interface Page<T> {
  rows: T[];
  cursor?: Cursor | undefined;
  /** Bytes of the answer's body, for sizing the next page. */
  bytes: number;
  /** Qualys' own total for the filter, when given; never asserted against what was walked. */
  total?: number | undefined;
  /** Rows that came and could not be understood: they are not among `rows`. */
  unreadable?: number | undefined;
  /** The rows as they came, those that could not be understood among them, where the walk was asked for them. */
  raw?: readonly unknown[] | undefined;
  /** The answer's `Date` header, epoch ms. */
  serverAt?: number | undefined;
}

/** `sortValues` of the last row, echoed verbatim. */
export type Cursor = readonly (string | number | null)[];

/** The page size of a walk: a number, or asked anew before each page (output pages are sized by the bytes that came). */
export type PageSize = number | ((previous: Page<unknown> | undefined) => number);

export interface WalkOptions {
  filter?: string;
  startAt?: number;
  endAt?: number;
  pageSize?: PageSize;
  /** Resume behind this cursor. */
  after?: Cursor | undefined;
  /**
   * For walks that are read to their end: the next page is asked for while this one is looked at. A walk that is left early has spent
   * that call in vain. Without effect on walks by page numbers, and where `pageSize` must see the page before.
   */
  readAhead?: boolean | undefined;
  signal?: AbortSignal | undefined;
  /** Whose call it is, for the count of calls in the report. */
  runId?: string | undefined;
  /** Give the rows as they came, too. */
  raw?: boolean | undefined;
}

export interface Script {
  id: string;
  title: string;
  /** Upper case with underscores, `APPROVED` for instance. */
  status: string;
  platform: string;
  /** base64, as Qualys holds it; absent in search rows. */
  content?: string;
  /** SHA-256 (hex) of the decoded content. */
  sha256?: string;
}

export interface CarAsset {
  /** The numeric id that `execute` takes. */
  assetId: string;
  name: string;
  agentUuid?: string;
  platform?: string;
  tags: string[];
}

export interface ScriptJob {
  id: string;
  scriptId: string;
  correlationUuid: string;
  createdAt: number;
  isTest: boolean;
  schedulerId?: string;
  executionType?: string;
}

export interface AssetJobRow {
  id: string;
  jobId: string;
  correlationUuid?: string;
  assetId: string;
  assetName?: string;
  agentUuid?: string;
  /** Qualys' raw word. */
  status: string;
  exitCode?: number;
  createdAt?: number;
  startedAt?: number;
  finishedAt?: number;
  /** `enddate`: when the platform finished processing. */
  endedAt?: number;
  disconnected?: boolean;
  /** Decoded `scriptResult`; undefined when Qualys sent none (which is not an empty output). */
  output?: Buffer;
}

export interface AuditRecord {
  id: string;
  at: number;
  user: string;
  action: string;
  targetName: string;
  targetId?: string;
}

export interface ExecuteRequest {
  scriptId: string;
  assetIds: readonly string[];
  assetTagIds?: readonly string[];
  excludedAssetIds?: readonly string[];
  runId?: string;
  /** Asked at the last moment, with the socket open and nothing written: false means the request must not start any more. */
  mayStart: () => boolean;
}

/** What became of one `execute`. Never thrown: the caller's state machine needs a word for each. */
export type ExecuteAnswer =
  | { kind: 'accepted'; correlationUuid: string; serverAt?: number }
  /** Documented as not executed; asking again later, under a new permit, is right. `waitMs` is real time. */
  | { kind: 'refused'; why: 'interval' | 'limit' | 'token'; waitMs?: number; message: string }
  /** Documented as not executed, and asking again cannot help. */
  | { kind: 'rejected'; why: 'permission' | 'not-found' | 'invalid' | 'authentication'; status: number; message: string }
  /** No byte of the request left this machine (refused connection, failed handshake, too late to start, no place in the window). */
  | { kind: 'not-sent'; why: 'connection' | 'late' | 'wait'; waitMs?: number; message: string }
  /** It may have run: the answer was lost, or says nothing. */
  | { kind: 'unknown'; message: string };

export interface ScheduleRequest {
  title: string;
  description: string;
  scripts: { id: string; title: string }[];
  assets: { UUId: string; id: string }[];
  scheduleType: 'ONE_TIME' | 'HOURLY' | 'DAILY' | 'WEEKLY' | 'MONTHLY';
  startDate: string;
  startTime: string;
  endDate: string;
  hourlyInterval?: number;
  daysOfWeek?: string[];
  recurrenceDate?: number;
  recurrenceMonth?: number;
  user: { id: string; name: string };
  runId?: string;
}

export type ScheduleAnswer =
  | { kind: 'created'; id: string }
  /** 409: a schedule of this title exists. */
  | { kind: 'exists'; message: string }
  | { kind: 'rejected'; status: number; message: string }
  | { kind: 'refused'; waitMs?: number; message: string }
  | { kind: 'unknown'; message: string };

/** Reads throw `QualysError` (errors.ts); the two calls with effects answer with a word for each fate. */
export interface Qualys {
  /** By id or exact title. */
  script(idOrTitle: string, options?: { runId?: string | undefined }): Promise<Script>;
  searchScripts(options: WalkOptions): AsyncIterable<Page<Script>>;
  searchAssets(options: WalkOptions): AsyncIterable<Page<CarAsset>>;
  searchTags(options: WalkOptions): AsyncIterable<Page<{ tagId: string; tagUuid: string; name: string }>>;
  /** v2, search-after. */
  searchJobs(options: WalkOptions): AsyncIterable<Page<ScriptJob>>;
  /** v2, search-after; `includeOutput` asks for `scriptResult`. */
  searchAssetJobs(options: WalkOptions & { includeOutput?: boolean }): AsyncIterable<Page<AssetJobRow>>;
  /** `assetjobs/count?groupBy=…`: group value to number. */
  countAssetJobs(options: { query?: string; groupBy: string; runId?: string | undefined }): Promise<Record<string, number>>;
  activities(options: WalkOptions): AsyncIterable<Page<AuditRecord>>;
  execute(request: ExecuteRequest): Promise<ExecuteAnswer>;
  createSchedule(request: ScheduleRequest): Promise<ScheduleAnswer>;
  countSchedules(options: { filter?: string; runId?: string | undefined }): Promise<number>;
  /** Schedules of exactly this title; undefined where the gateway has no such search, which came after the documented API (E-12). */
  findSchedules(options: { title: string; runId?: string | undefined }): Promise<FoundSchedule[] | undefined>;
  /** One schedule with all its fields; undefined where the gateway does not show it. */
  schedule(id: string, options?: { runId?: string | undefined }): Promise<FoundSchedule | undefined>;
  /** The API user's name, as the audit trail would print it. */
  readonly username: string;
}
