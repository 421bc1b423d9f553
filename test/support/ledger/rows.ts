// The rows of a ledger as they lie in its tables: the one file outside of src/ledger that has SQL. Tests read them by `ledgerOf`
// (inspector.ts), and write past the ledger by what scenario.ts and damage.ts name.
import type { Ledger } from '../../../src/ledger/index.js';
import type { Database, Sql } from '../../../src/ledger/sql/database.js';

type Text = string | null;
type Whole = number | null;

interface AttemptRow {
  runId: string;
  seq: number;
  attempt: number;
  assetId: string;
  last: number;
  name: Text;
  aliases: Text;
  agentUuid: Text;
  wave: Whole;
  planned: Whole;
  outcome: string;
  reason: Text;
  status: Text;
  exitCode: Whole;
  dueAt: number;
  decidedAt: Whole;
  finishedAt: Whole;
  endedAt: Whole;
  statusSince: Whole;
  executionNo: Whole;
  lease: Whole;
  copy: string;
  correlationUuid: Text;
  jobId: Text;
  output: string;
  outputBytes: Whole;
  rule: Text;
  heard: Text;
  heardJob: Text;
}

interface RunRow {
  id: string;
  kind: string;
  campaignId: Text;
  parentId: Text;
  wave: Whole;
  step: Text;
  phase: string;
  namespaceId: Text;
  missingSince: Whole;
  scriptId: Text;
  scriptTitle: Text;
  scriptSha256: Text;
  scriptNeeded: number;
  scriptCheckedAt: Whole;
  ticketCheckedAt: Whole;
  ticketTold: number;
  ticketGoneSince: Whole;
  cohortSize: number;
  cohortDigest: Text;
  maxInFlight: number;
  autoInFlight: number;
  deadlineMs: number;
  errorBudget: Text;
  budgetBase: Text;
  onBreach: Text;
  conflict: Text;
  calendar: Text;
  approval: Text;
  followUpScript: Text;
  paused: number;
  stopCause: Text;
  stopReason: Text;
  blocked: Text;
  warnings: string;
  despiteCopies: number;
  fence: number;
  nextExecutionNo: number;
  accepted: number;
  apiCalls: number;
  createdAt: number;
  startedAt: Whole;
  finishedAt: Whole;
  report: Text;
}

interface ExecutionRow {
  runId: string;
  executionNo: number;
  state: string;
  scriptId: string;
  size: number;
  sends: number;
  sentAt: Whole;
  sendBy: Whole;
  overAt: Whole;
  resolveAt: Whole;
  correlationUuid: Text;
  adopted: number;
  acceptedAt: Whole;
  deadlineAt: Whole;
  settledAt: Whole;
  planned: Whole;
  fannedOut: number;
  leased: number;
  copiesAskAt: Whole;
  copiesAskedAt: Whole;
}

/** The tables and columns that tests speak of. */
export interface Tables {
  ledger: { halted: number; haltedBy: Text; haltedWhy: Text; heldWhy: Text };
  runs: RunRow;
  attempts: AttemptRow;
  executions: ExecutionRow;
  /** What a step waits for at its assets. */
  checkIns: { runId: string; seq: number; behindAt: Whole; byAt: number; seenAt: Whole; byDefault: number; told: number };
  /** Every permit that was granted. */
  sends: {
    runId: string;
    executionNo: number;
    permit: number;
    fence: number;
    permittedAt: number;
    sendBy: number;
    answeredAt: Whole;
    answer: Text;
    spent: number;
  };
  scripts: {
    scriptId: string;
    intervalMs: Whole;
    backoffMs: Whole;
    lastAcceptedAt: Whole;
    nextExecuteAt: number;
    refusedFor: Text;
    refusedWords: Text;
  };
  outputs: { runId: string; assetId: string; attempt: number; bytes: number; gzip: Buffer };
  orders: { runId: string; orderId: string };
  calls: { id: number; at: number; endpoint: string; runId: Text; holdsUntil: Whole };
  limits: { observedAt: Whole; blockedUntil: Whole; concurrencyUntil: Whole };
  serverClock: { id: number; samples: string; jumps: number; jumpedAt: number };
  turns: { resource: string; contender: string; servedAt: Whole; asksFrom: Whole; asksUntil: Whole; notedAt: number };
  campaigns: { id: string; plan: string; digest: Text };
  waves: {
    campaignId: string;
    waveNo: number;
    name: string;
    size: number;
    status: string;
    why: Text;
    openedAt: Whole;
    closedAt: Whole;
    requeued: number;
  };
  outOfCohort: { runId: string; jobId: string; assetId: string };
  outOfCohortCopies: { assetId: string; runId: string };
  lateVerdicts: { runId: string; assetId: string };
  twins: { correlationUuid: string; runId: string; executionNo: number };
  policyHolders: { holder: string; seenAt: number };
  untouchedReadings: { version: number; readAt: number; calls: number; unknown: string; unreadable: number };
  untouched: { reading: number; assetId: string };
  schedules: { runId: string; title: string };
  audit: { id: number; runId: Text; actor: Text };
  ticketPosts: {
    runId: string;
    kind: string;
    postKey: string;
    words: Text;
    state: string;
    dueAt: number;
    failures: number;
    trouble: Text;
    endedAt: Whole;
  };
  ticketTurns: { freeAt: number; heldUntil: number };
}

export type Table = keyof Tables;
export type Where<Name extends Table> = Partial<Tables[Name]>;

/** What a row is made to say; what is not known is empty. */
export type Changes<Name extends Table> = { [Column in keyof Tables[Name]]?: Tables[Name][Column] | undefined };

/** What has an order of its own, as people would read it. */
const IN_ORDER: Partial<Record<Table, string>> = {
  attempts: 'run_id, seq, attempt',
  runs: 'created_at, id',
  executions: 'run_id, execution_no',
  sends: 'permitted_at, run_id, execution_no, permit',
  waves: 'campaign_id, wave_no',
  twins: 'run_id, execution_no',
  calls: 'id',
};

/** Every row that is as `where` says, with all of its columns. */
export async function read<Name extends Table>(ledger: Ledger, table: Name, where: Where<Name> = {}): Promise<Tables[Name][]> {
  const order = IN_ORDER[table] === undefined ? '' : ` ORDER BY ${IN_ORDER[table]}`;
  const rows = await ledger.database.all<Record<string, unknown>>(`SELECT * FROM ${snake(table)}${condition(where)}${order}`);
  return rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [camel(name), value])) as unknown as Tables[Name]);
}

/** Writes over the rows that are as `where` says. Returns how many they are. */
export function overwrite<Name extends Table>(ledger: Ledger, table: Name, where: Where<Name>, changes: Changes<Name>): Promise<number> {
  const columns = Object.keys(changes).map((name) => `${snake(name)} = ?`);
  return ledger.database.run(
    `UPDATE ${snake(table)} SET ${columns.join(', ')}${condition(where)}`,
    Object.values(changes) as (Value | undefined)[],
  );
}

/** Adds to numbers, mostly times: what is unknown stays unknown. */
export function shift<Name extends Table>(
  ledger: Ledger,
  table: Name,
  by: Partial<Record<keyof Tables[Name] & string, number>>,
  where: Where<Name> = {},
): Promise<number> {
  const columns = Object.keys(by).map((name) => `${snake(name)} = ${snake(name)} + ?`);
  return ledger.database.run(
    `UPDATE ${snake(table)} SET ${columns.join(', ')}${condition(where)}`,
    Object.values<number>(by as Record<string, number>),
  );
}

/** Columns that are not named get what the table has for them. */
export async function add<Name extends Table>(ledger: Ledger, table: Name, row: Partial<Tables[Name]>): Promise<void> {
  const names = Object.keys(row).map(snake).join(', ');
  const values = Object.values(row) as Value[];
  await ledger.database.run(`INSERT INTO ${snake(table)} (${names}) VALUES (${values.map(() => '?').join(', ')})`, values);
}

export function remove<Name extends Table>(ledger: Ledger, table: Name, where: Where<Name> = {}): Promise<number> {
  return ledger.database.run(`DELETE FROM ${snake(table)}${condition(where)}`);
}

/** The transaction as a database, whose own transactions join it. */
function within(sql: Sql): Database {
  return {
    all: (statement, parameters) => sql.all(statement, parameters),
    first: (statement, parameters) => sql.first(statement, parameters),
    run: (statement, parameters) => sql.run(statement, parameters),
    now: () => sql.now(),
    wall: () => sql.wall(),
    transaction: (work) => work(sql),
    isInPlace: () => true,
    close: async () => undefined,
  };
}

/** Many of them in one transaction. */
export function together<T>(ledger: Ledger, work: (ledger: Ledger) => Promise<T>): Promise<T> {
  return ledger.database.transaction((sql) => work({ ...ledger, database: within(sql) }));
}

type Value = string | number | null | Buffer;

/** In the text, not as parameters: with some conditions as parameters libsql 0.5.29 has ended the whole process. */
function condition(where: object): string {
  const parts = (Object.entries(where) as [string, Value][]).map(
    ([name, value]) => `${snake(name)} ${value === null ? 'IS NULL' : `= ${literal(value)}`}`,
  );
  return parts.length === 0 ? '' : ` WHERE ${parts.join(' AND ')}`;
}

function literal(value: string | number | Buffer): string {
  return typeof value === 'number' ? String(value) : `'${String(value).replaceAll("'", "''")}'`;
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function camel(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
