// What the activities ask of Qualys. `client.ts` implements it over HTTP; rows arrive normalised, ids always as strings.
import type { FoundSchedule } from './wire/schedules.js';

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

/** The page size of a walk: a number, or asked again before each page (output pages are sized by the bytes that came). */
export type PageSize = number | ((previous: Page<unknown> | undefined) => number);

export interface WalkOptions {
  /** QQL; `term` and its like build it safely from any value. A filter by name is a match, not an equality: compare the rows. */
  filter?: string;
  /** Epoch milliseconds. Created or processed since; the service does not say which it takes. */
  startAt?: number;
  endAt?: number;
  /** Default: what costs the fewest calls. By page numbers a walk ends at the 9,999th row, with an error where there is more. */
  pageSize?: PageSize;
  /** Resume behind this cursor. */
  after?: Cursor | undefined;
  /**
   * For walks that are read to their end: the next page is requested while this one is processed. A walk that is left early has spent
   * that call for nothing. Without effect on walks by page numbers, and where `pageSize` must see the page before.
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
  /** The host names that its row has beside `name`, those of its interfaces first. */
  aliases?: string[];
  /** When its agent was last seen, epoch ms of Qualys' clock, where the row tells. */
  lastSeenAt?: number;
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
  /** When the asset's agent checked in last, as of the reading and not of the job. */
  checkedInAt?: number;
  /** When its host was started last, by the reading. */
  bootedAt?: number;
  /** Decoded `scriptResult`; undefined when Qualys sent none (which is not an empty output). */
  output?: Buffer;
}

export interface AuditRecord {
  id: string;
  at: number;
  /** A display name in the documents' samples, not the login. */
  user: string;
  userUuid?: string;
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

/** What happened to one `execute`. Never thrown: the caller's state machine needs a word for each. */
export type ExecuteAnswer =
  | { kind: 'accepted'; correlationUuid: string; serverAt?: number }
  /**
   * Documented as not executed; asking again later, under a new permit, is right. `waitMs` is real time. `interval`: the script ran within
   * its interval; `day`: the executions of a day are used up; `unexplained`: Qualys does not say why.
   */
  | { kind: 'refused'; why: 'interval' | 'day' | 'unexplained' | 'limit' | 'token'; waitMs?: number; message: string }
  /** Documented as not executed, and asking again cannot help. */
  | { kind: 'rejected'; why: 'permission' | 'not-found' | 'invalid'; status: number; message: string }
  /**
   * No byte of the request left this machine (refused connection, failed handshake, refused credentials, too late to start, no place in the
   * window).
   */
  | { kind: 'not-sent'; why: 'connection' | 'access' | 'late' | 'wait'; waitMs?: number; message: string }
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

/**
 * Reads throw `QualysError`: `unavailable` and `limited` pass by waiting (`waitMs`, real milliseconds), `invalid`, `not-found`,
 * `permission` and `authentication` do not, `protocol` is an answer that no document has. Walks throw it from the page that failed. The two
 * calls with an effect never throw it: they answer with a word for each fate.
 */
export interface Qualys {
  /** By id or exact title, with content and its hash. CAR guide 1.0.0, "Fetch Script Details Based on Script ID or Name". */
  script(idOrTitle: string, options?: { runId?: string | undefined }): Promise<Script>;
  /** Without content. Page numbers. CAR guide 1.0.0, "List Scripts Based on Script Attributes". */
  searchScripts(options: WalkOptions): AsyncIterable<Page<Script>>;
  /** The assets that scripts can run on; search-after. CAR guide 1.0.0, "List Assets", and CAR 1.6 release notes. */
  searchAssets(options: WalkOptions): AsyncIterable<Page<CarAsset>>;
  /** Page numbers; no filter is documented. CAR guide 1.0.0, "List Asset Tags". */
  searchTags(options: WalkOptions): AsyncIterable<Page<{ tagId: string; tagUuid: string; name: string }>>;
  /** v2, search-after, the newest first. CAR 1.6 release notes, "Fetch jobs by script name or script ID". */
  searchJobs(options: WalkOptions): AsyncIterable<Page<ScriptJob>>;
  /**
   * v2, search-after, the oldest first; `includeOutput` asks for `scriptResult`, up to 1 MB a row. CAR 1.6 release notes, and "List Asset
   * Jobs API" of 2026.
   */
  searchAssetJobs(options: WalkOptions & { includeOutput?: boolean }): AsyncIterable<Page<AssetJobRow>>;
  /** `assetjobs/count?groupBy=…`: group value to number. CAR 1.6 release notes, "Count number of asset jobs". */
  countAssetJobs(options: { query?: string; groupBy: string; runId?: string | undefined }): Promise<Record<string, number>>;
  /** The audit trail; page numbers. CAR guide 1.0.0, "List Activity Logs". */
  activities(options: WalkOptions): AsyncIterable<Page<AuditRecord>>;
  /**
   * Runs a script now, on at most 25 assets and 25 tags less 25 assets. Sent once, never repeated. CAR guide 1.0.0, "Execute Scripts On
   * Demand".
   */
  execute(request: ExecuteRequest): Promise<ExecuteAnswer>;
  /** Dates and times are the service's own, in a zone that it does not name. CAR guide 1.0.0, "Schedule Script Execution". */
  createSchedule(request: ScheduleRequest): Promise<ScheduleAnswer>;
  /** CAR 1.6 release notes, "Count number of schedules". */
  countSchedules(options: { filter?: string; runId?: string | undefined }): Promise<number>;
  /**
   * Schedules of exactly this title; undefined where the gateway has no such search, which came after the documented API
   * (docs/qualys-api.md#schedules).
   */
  findSchedules(options: { title: string; runId?: string | undefined }): Promise<FoundSchedule[] | undefined>;
  /** One schedule with all its fields; undefined where the gateway does not show it. */
  schedule(id: string, options?: { runId?: string | undefined }): Promise<FoundSchedule | undefined>;
  /** The API user's login. */
  readonly username: string;
  /** What the claims of our token call us: hints only, no document has them. */
  identityHints(): readonly string[];
}
