// Copies of scripts that may still lie with an agent, over all runs of the ledger. A lease ends with its run; the copy does not.
import type { CopyState, KnownCopy } from '../../domain/execution/may-still-run.js';
import { COPIES_ASKED_FOR_MS, copiesAskedAgainMs, OPEN_COPY, openCopyReason } from '../../domain/execution/may-still-run.js';
import type { FinalOutcome } from '../../domain/run/outcome.js';
import { type Database, jsonRows, type Sql } from '../sql/database.js';
import { byIndex, elementOf, JOIN_IN_ORDER, jsonArraysOf, PAIRS, rowsGiven } from '../sql/dialect.js';
import { addAudit } from './audit.js';
import { type Execution, transition } from './execution.js';
import { fieldsOf } from './fields.js';
import { IS_OPEN } from './late.js';
import { endOutOfCohortCopies, OUT_OF_COHORT_WITH_RUN } from './out-of-cohort-copies.js';
import type { RunRow } from './run.js';

/** A copy of a script, and what is known of it. Instants of the ledger's clock, but for `serverAt`. */
export interface StoredCopy extends KnownCopy {
  runId: string;
  assetId: string;
  /** The row that it belongs to; undefined where it hit an asset that it was not meant for. */
  place?: { seq: number; attempt: number } | undefined;
  execution?: number | undefined;
  /** Qualys' clock before it was sent. */
  serverAt?: number | undefined;
  /** Jobs on the same assets that may have been its execution's as well. */
  twins?: readonly { correlationUuid: string; jobId: string }[] | undefined;
}

/** What still is with an agent past its deadline, as people read of it. */
export interface OpenCopy {
  assetId: string;
  name?: string | undefined;
  script: { id: string; title: string };
  runId: string;
  /** The number of its execution in the run. */
  execution?: number | undefined;
  /** Undefined, like `outcome`, of an asset that the script was not meant for: it has no row in the run. */
  attempt?: number | undefined;
  outcome?: FinalOutcome | undefined;
  reason?: string | undefined;
  /** When it was sent, by the ledger's clock. */
  since: number;
  /** Qualys' word when it was last seen. */
  status?: string | undefined;
}

const PAGE = 1_000;
/** Where a copy was sent; of one whose execution a restored ledger does not know, the beginning of its run. */
const SINCE = 'coalesce(executions.accepted_at, executions.sent_at, runs.created_at)';
const TWINS = `(
  SELECT ${jsonArraysOf(['correlation_uuid', 'job_id'])}
  FROM execution_jobs
  WHERE run_id = sent.run_id AND execution_no = sent.execution_no AND execution_jobs.correlation_uuid <> '')`;
const OUT_OF_COHORT_SINCE = 'coalesce(executions.accepted_at, executions.sent_at, outside.since)';
/** As `CopyRow` has them. */
const COPY_COLUMNS = `sent.run_id, sent.seq, sent.attempt, sent.execution_no, sent.asset_id, sent.copy, sent.status,
    sent.correlation_uuid, sent.job_id, executions.server_at, ${TWINS} AS twins, ${SINCE} AS since`;
const OUT_OF_COHORT_COLUMNS = `outside.run_id, NULL AS seq, NULL AS attempt, outside.execution_no, outside.asset_id, outside.copy,
    outside.status, executions.correlation_uuid, outside.job_id, executions.server_at, '[]' AS twins, ${OUT_OF_COHORT_SINCE} AS since`;
const COPY_WITH_ITS_RUN = `
  ${JOIN_IN_ORDER} runs ON runs.id = sent.run_id
  LEFT JOIN executions ON executions.run_id = sent.run_id AND executions.execution_no = sent.execution_no`;

/** A page of the cohort; `waits` where nothing was sent yet and no operator has let the asset go. */
const FIRST_ATTEMPTS = `
  SELECT seq, asset_id,
    CASE WHEN outcome = 'pending' AND execution_no IS NULL AND despite = 0 THEN 1 ELSE 0 END AS waits
  FROM attempts
  WHERE run_id = ? AND seq > ? AND attempt = 1
  ORDER BY seq
  LIMIT ?`;

/** Open copies of the script at assets that no row of their run stands for. */
const OUT_OF_COHORT_OF_SCRIPT = `
  SELECT ${OUT_OF_COHORT_COLUMNS}
  FROM ${rowsGiven('wanted')}
  ${JOIN_IN_ORDER} out_of_cohort_copies AS outside ${byIndex('out_of_cohort_copies_open')} ON outside.asset_id = ${elementOf('wanted')}
    AND outside.copy = 'open'
  ${OUT_OF_COHORT_WITH_RUN}
  WHERE runs.script_id = ?`;

/** Copies that were open for too long, by keyset. */
const OLD_COPIES = `
  SELECT sent.asset_id, sent.name, sent.run_id, sent.seq, sent.attempt, sent.execution_no, sent.outcome, sent.reason,
    sent.status, runs.script_id, runs.script_title, ${SINCE} AS since
  FROM attempts AS sent ${byIndex('attempts_copy')}
  ${COPY_WITH_ITS_RUN}
  WHERE sent.copy = 'open' AND sent.outcome NOT IN ('pending', 'running') AND ${SINCE} <= ?
    AND (sent.asset_id, sent.run_id, sent.seq, sent.attempt) > (?, ?, ?, ?)
  ORDER BY sent.asset_id, sent.run_id, sent.seq, sent.attempt
  LIMIT ?`;

/** The same of those outside the cohort, once nobody watches their execution. */
const OLD_OUT_OF_COHORT_COPIES = `
  SELECT outside.asset_id, outside.name, outside.run_id, 0 AS seq, NULL AS attempt, outside.execution_no,
    NULL AS outcome, NULL AS reason, outside.status, runs.script_id, runs.script_title,
    ${OUT_OF_COHORT_SINCE} AS since
  FROM out_of_cohort_copies AS outside ${byIndex('out_of_cohort_copies_open')}
  ${OUT_OF_COHORT_WITH_RUN}
  WHERE outside.copy = 'open' AND (runs.finished_at IS NOT NULL OR executions.settled_at IS NOT NULL)
    AND ${OUT_OF_COHORT_SINCE} <= ? AND (outside.asset_id, outside.run_id, outside.execution_no) > (?, ?, ?)
  ORDER BY outside.asset_id, outside.run_id, outside.execution_no
  LIMIT ?`;

export class Copies {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Assets of a run that wait for their first attempt, page by page; without those that an operator has let go. */
  async *waiting(runId: string): AsyncGenerator<string[]> {
    for (let after = 0; ; ) {
      const rows = await this.#database.all<{ seq: number; asset_id: string; waits: number }>(FIRST_ATTEMPTS, [runId, after, PAGE]);
      if (rows.length === 0) return;
      after = rows.at(-1)?.seq ?? after;
      yield rows.filter(({ waits }) => waits === 1).map(({ asset_id: assetId }) => assetId);
    }
  }

  /** Copies of the script with these assets that are not known to be over, and that no live run still waits for in time. */
  async of(scriptId: string, assetIds: readonly string[]): Promise<StoredCopy[]> {
    const copies: StoredCopy[] = [];
    for (const [copy, index] of [
      ['open', 'attempts_copy'],
      ['unseen', 'attempts_unseen'],
    ] as const) {
      const rows = await this.#database.all<CopyRow>(
        `
          SELECT ${COPY_COLUMNS}
          FROM ${rowsGiven('wanted')}
          ${JOIN_IN_ORDER} attempts AS sent ${byIndex(index)} ON sent.asset_id = ${elementOf('wanted')}
            AND sent.copy = '${copy}'
          ${COPY_WITH_ITS_RUN}
          WHERE runs.script_id = ? AND (sent.lease IS NULL OR sent.outcome NOT IN ('pending', 'running'))`,
        [jsonRows(assetIds), scriptId],
      );
      copies.push(...rows.map(toCopy));
    }
    const outOfCohort = await this.#database.all<CopyRow>(OUT_OF_COHORT_OF_SCRIPT, [jsonRows(assetIds), scriptId]);
    return [...copies, ...outOfCohort.map(toCopy)];
  }

  /**
   * Copies of closed runs about which Qualys is to be asked now, those of some executions, and notes that it is: nobody else asks
   * meanwhile. Of an execution with more than `atMost` some are drawn. Nothing within a minute of the time before, whoever that was.
   */
  takeDue(atMost: number): Promise<StoredCopy[]> {
    return this.#database.transaction((sql) => takeDue(sql, atMost));
  }

  /** Qualys says that they are over, or shows nothing of them any more. What their runs report stays as it is; their audit logs have it. */
  async end(copies: readonly StoredCopy[]): Promise<void> {
    for (const runId of new Set(copies.map((copy) => copy.runId))) {
      const ended = copies.filter((copy) => copy.runId === runId);
      await this.#database.transaction(async (sql) => {
        const keys = jsonRows(ended.flatMap(({ place }) => (place ? [[place.seq, place.attempt]] : [])));
        const outOfCohort = ended.flatMap(({ place, assetId, execution = 0 }) => (place ? [] : [{ assetId, execution }]));
        const changed =
          (await sql.run(`UPDATE attempts SET copy = 'over' WHERE ${CHOSEN} AND copy IN ('open', 'unseen')`, [runId, keys])) +
          (await endOutOfCohortCopies(sql, runId, outOfCohort));
        if (changed === 0) return;
        const named = ended.slice(0, 20).map(({ assetId }) => assetId);
        const detail = `${changed} asset(s) have no copy of it any more: ${named.join(', ')}${ended.length > 20 ? ', …' : ''}`;
        await addAudit(sql, runId, { action: 'copies-over', detail });
      });
    }
  }

  /** Qualys shows an asset job after all where there was none when the execution was settled. */
  async reopen(copies: readonly StoredCopy[]): Promise<void> {
    for (const { runId, place } of copies) {
      if (!place) continue;
      await this.#database.run(`UPDATE attempts SET copy = 'open' WHERE run_id = ? AND seq = ? AND attempt = ? AND copy = 'unseen'`, [
        runId,
        place.seq,
        place.attempt,
      ]);
    }
  }

  /**
   * The run is sent to assets although an earlier copy may still run there: somebody has asked for it, and the audit log says for how many.
   */
  async override(runId: string, { by, assets }: { by?: string | undefined; assets: number }): Promise<void> {
    await this.#database.transaction(async (sql) => {
      const set = await sql.run(`UPDATE runs SET despite_copies = 1 WHERE id = ? AND despite_copies = 0 AND ${IS_OPEN}`, [runId]);
      if (set === 0) return;
      await addAudit(sql, runId, { actor: by, action: 'despite-open-copies', detail: JSON.stringify({ assets }) });
    });
  }

  /**
   * What still is with agents past its deadline, over all runs, in the order of the assets' ids, those outside a cohort last; at least
   * that old.
   */
  async *list({ olderThanMs = 0 }: { olderThanMs?: number | undefined } = {}): AsyncGenerator<OpenCopy> {
    const before = (await this.#database.now()) - olderThanMs;
    let after: [string, string, number, number] = ['', '', 0, 0];
    for (;;) {
      const rows = await this.#database.all<ListedRow>(OLD_COPIES, [before, ...after, PAGE]);
      const last = rows.at(-1);
      if (!last) break;
      after = [last.asset_id, last.run_id, last.seq, last.attempt ?? 0];
      yield* rows.map(toOpenCopy);
    }
    yield* this.#listOutOfCohort(before);
  }

  /** The same of assets outside their run's cohort, once nobody watches their execution any more. */
  async *#listOutOfCohort(before: number): AsyncGenerator<OpenCopy> {
    for (let after: [string, string, number] = ['', '', 0]; ; ) {
      const rows = await this.#database.all<ListedRow>(OLD_OUT_OF_COHORT_COPIES, [before, ...after, PAGE]);
      const last = rows.at(-1);
      if (!last) return;
      after = [last.asset_id, last.run_id, last.execution_no ?? 0];
      yield* rows.map(toOpenCopy);
    }
  }
}

/** Between two questions about copies of closed runs, over all workers of the ledger: at most 60 calls an hour. */
const BETWEEN_QUESTIONS_MS = 50_000;

/** Executions of closed runs about which Qualys is asked next; none where somebody has asked just now. */
const DUE_EXECUTIONS = `
  SELECT executions.run_id, executions.execution_no, executions.copies_asked AS asked
  FROM (
    SELECT run_id, execution_no
    FROM attempts ${byIndex('attempts_copy')}
    WHERE copy = 'open' AND execution_no IS NOT NULL
    UNION
    SELECT run_id, execution_no
    FROM out_of_cohort_copies ${byIndex('out_of_cohort_copies_open')}
    WHERE copy = 'open'
  ) AS held
  ${JOIN_IN_ORDER} runs ON runs.id = held.run_id AND runs.finished_at IS NOT NULL
  ${JOIN_IN_ORDER} executions ON executions.run_id = held.run_id AND executions.execution_no = held.execution_no
  WHERE coalesce(executions.copies_ask_at, runs.finished_at) <= ?
    AND coalesce(executions.accepted_at, executions.sent_at, runs.created_at) > ?
    AND NOT EXISTS (SELECT 1 FROM executions AS other WHERE other.copies_asked_at > ?)
  ORDER BY coalesce(executions.copies_ask_at, runs.finished_at)
  LIMIT ?`;

const NOTE_ASKED = `
  UPDATE executions
  SET copies_asked = ?, copies_asked_at = ?, copies_ask_at = ?
  WHERE run_id = ? AND execution_no = ?`;

async function takeDue(sql: Sql, atMost: number): Promise<StoredCopy[]> {
  const now = await sql.now();
  const due = await sql.all<{ run_id: string; execution_no: number; asked: number }>(DUE_EXECUTIONS, [
    now,
    now - COPIES_ASKED_FOR_MS,
    now - BETWEEN_QUESTIONS_MS,
    atMost,
  ]);
  const taken: StoredCopy[] = [];
  for (const { run_id: runId, execution_no: executionNo, asked } of due) {
    const copies = await copiesOfExecution(sql, runId, executionNo, atMost);
    if (taken.length > 0 && taken.length + copies.length > atMost) continue;
    taken.push(...copies);
    await sql.run(NOTE_ASKED, [asked + 1, now, now + copiesAskedAgainMs(asked), runId, executionNo]);
  }
  return taken;
}

/** Some, drawn by lot: of many the same would be asked about each time. */
const OPEN_COPIES_OF_EXECUTION = `
  SELECT ${COPY_COLUMNS}
  FROM attempts AS sent ${byIndex('attempts_execution')}
  ${COPY_WITH_ITS_RUN}
  WHERE sent.run_id = ? AND sent.execution_no = ? AND sent.copy = 'open'
  ORDER BY random()
  LIMIT ?`;

const OPEN_OUT_OF_COHORT_OF_EXECUTION = `
  SELECT ${OUT_OF_COHORT_COLUMNS}
  FROM out_of_cohort_copies AS outside
  ${OUT_OF_COHORT_WITH_RUN}
  WHERE outside.run_id = ? AND outside.execution_no = ? AND outside.copy = 'open'
  LIMIT ?`;

async function copiesOfExecution(sql: Sql, runId: string, executionNo: number, atMost: number): Promise<StoredCopy[]> {
  const rows = await sql.all<CopyRow>(OPEN_COPIES_OF_EXECUTION, [runId, executionNo, atMost]);
  const outOfCohort = await sql.all<CopyRow>(OPEN_OUT_OF_COHORT_OF_EXECUTION, [runId, executionNo, atMost - rows.length]);
  return [...rows, ...outOfCohort].map(toCopy);
}

interface CopyRow {
  run_id: string;
  seq: number | null;
  attempt: number | null;
  execution_no: number | null;
  asset_id: string;
  copy: CopyState;
  status: string | null;
  correlation_uuid: string | null;
  job_id: string | null;
  server_at: number | null;
  twins: string;
  since: number;
}

function toCopy(row: CopyRow): StoredCopy {
  return {
    ...fieldsOf(row, {
      ...{ runId: 'run_id', assetId: 'asset_id', copy: 'copy', execution: 'execution_no', status: 'status', since: 'since' },
      ...{ correlationUuid: 'correlation_uuid', jobId: 'job_id', serverAt: 'server_at' },
    }),
    place: row.seq === null || row.attempt === null ? undefined : { seq: row.seq, attempt: row.attempt },
    twins: (JSON.parse(row.twins) as [string, string][]).map(([correlationUuid, jobId]) => ({ correlationUuid, jobId })),
  };
}

interface ListedRow {
  asset_id: string;
  name: string | null;
  run_id: string;
  seq: number;
  attempt: number | null;
  execution_no: number | null;
  outcome: FinalOutcome | null;
  reason: string | null;
  status: string | null;
  script_id: string;
  script_title: string;
  since: number;
}

function toOpenCopy(row: ListedRow): OpenCopy {
  return {
    ...fieldsOf(row, {
      ...{ assetId: 'asset_id', name: 'name', runId: 'run_id', execution: 'execution_no', attempt: 'attempt' },
      ...{ outcome: 'outcome', reason: 'reason', since: 'since', status: 'status' },
    }),
    script: { id: row.script_id, title: row.script_title },
  };
}

/** Each asset once, with the first of the runs whose copy it has. */
const OPEN_COPIES = `
  SELECT asset_id, min(run_id) AS run_id
  FROM (
    SELECT sent.asset_id, sent.run_id
    FROM ${rowsGiven('wanted')}
    ${JOIN_IN_ORDER} attempts AS sent ${byIndex('attempts_copy')} ON sent.asset_id = ${elementOf('wanted')}
      AND sent.copy = 'open'
    ${JOIN_IN_ORDER} runs ON runs.id = sent.run_id
    WHERE runs.script_id = ? AND (sent.lease IS NULL OR sent.outcome NOT IN ('pending', 'running'))
    UNION ALL
    SELECT outside.asset_id, outside.run_id
    FROM ${rowsGiven('wanted')}
    ${JOIN_IN_ORDER} out_of_cohort_copies AS outside ${byIndex('out_of_cohort_copies_open')} ON outside.asset_id = ${elementOf('wanted')}
      AND outside.copy = 'open'
    ${JOIN_IN_ORDER} runs ON runs.id = outside.run_id
    WHERE runs.script_id = ?
  ) AS held
  GROUP BY 1`;

/**
 * The runs that have an open copy of the script with these assets, by asset id; assets without one are left out. What a live run still
 * waits for in time is not among them: its lease keeps others away until it knows more.
 */
export async function openCopies(sql: Sql, scriptId: string, assetIds: readonly string[]): Promise<Map<string, string>> {
  if (assetIds.length === 0) return new Map();
  const rows = await sql.all<{ asset_id: string; run_id: string }>(OPEN_COPIES, [
    jsonRows(assetIds),
    scriptId,
    jsonRows(assetIds),
    scriptId,
  ]);
  return new Map(rows.map(({ asset_id: assetId, run_id: runId }) => [assetId, runId]));
}

/** An asset of a run that waits to be sent. */
export interface DueRow {
  seq: number;
  attempt: number;
  asset_id: string;
  /** 1: an operator has let it go although a copy may still run. */
  despite: number;
}

/** Those of the rows that may not be sent, with the run whose copy it is. */
export async function heldByCopies(
  sql: Sql,
  run: Pick<RunRow, 'script' | 'despiteOpenCopies'>,
  rows: readonly DueRow[],
): Promise<{ row: DueRow; runId: string }[]> {
  if (run.despiteOpenCopies || !run.script) return [];
  const asking = rows.filter(({ despite }) => despite === 0);
  const copies = await openCopies(
    sql,
    run.script.id,
    asking.map((row) => row.asset_id),
  );
  return asking.flatMap((row) => {
    const runId = copies.get(row.asset_id);
    return runId === undefined ? [] : [{ row, runId }];
  });
}

const SKIP = `
  UPDATE attempts
  SET outcome = 'skipped', reason = ?, planned = NULL
  WHERE run_id = ? AND seq = ? AND attempt = 1`;

/** They are not sent: a first attempt is `skipped`; a further one leaves the verdict of the one before, and the audit log says why. */
export async function leaveToCopies(sql: Sql, runId: string, held: readonly { row: DueRow; runId: string }[]): Promise<void> {
  for (const { row, runId: other } of held) {
    if (row.attempt === 1) {
      await sql.run(SKIP, [openCopyReason(other), runId, row.seq]);
      continue;
    }
    await withdrawFurther(sql, runId, [row]);
    const detail = `attempt ${row.attempt} at asset ${row.asset_id} was not sent: the copy of ${other} may still run there`;
    await addAudit(sql, runId, { action: OPEN_COPY, detail });
  }
}

/** Further attempts that were never sent are taken back: the verdict before them is the asset's last word. */
export async function withdrawFurther(sql: Sql, runId: string, rows: readonly Pick<DueRow, 'seq' | 'attempt'>[]): Promise<void> {
  const keys = (less: number): string => jsonRows(rows.map(({ seq, attempt }) => [seq, attempt - less]));
  await sql.run(`UPDATE attempts SET last = 1 WHERE ${CHOSEN}`, [runId, keys(1)]);
  await sql.run(`DELETE FROM attempts WHERE ${CHOSEN} AND outcome = 'pending' AND execution_no IS NULL`, [runId, keys(0)]);
}

const CHOSEN = `run_id = ? AND (seq, attempt) IN ${PAIRS}`;

const PENDING_OF_EXECUTION = `
  SELECT seq, attempt, asset_id, despite
  FROM attempts ${byIndex('attempts_execution')}
  WHERE run_id = ? AND execution_no = ? AND outcome = 'pending'`;

/**
 * Asked by the permit, in its transaction: since the batch was made, an execution of another run may have hit one of its assets, or Qualys
 * told that one runs which was taken for lost. They are taken out of the batch; the rest goes. `by-ids`: the batch goes by tags, which
 * cannot leave them out. `none`: nothing is left of it.
 */
export async function takeOutOpenCopies(
  sql: Sql,
  run: Pick<RunRow, 'id' | 'script' | 'despiteOpenCopies'>,
  { executionNo, planned, sends }: Pick<Execution, 'executionNo' | 'planned' | 'sends'>,
): Promise<'rest' | 'none' | 'by-ids'> {
  const rows = await sql.all<DueRow>(PENDING_OF_EXECUTION, [run.id, executionNo]);
  const held = await heldByCopies(sql, run, rows);
  if (held.length === 0) return 'rest';
  if (planned !== undefined) return 'by-ids';
  const keys = jsonRows(held.map(({ row }) => [row.seq, row.attempt]));
  // Where nothing is left of a batch that was sent before, it never is again: a late word that it ran has to find its assets.
  const remembered = sends > 0 && held.length === rows.length ? 'CASE WHEN attempt = 1 THEN execution_no END' : 'NULL';
  await sql.run(`UPDATE attempts SET execution_no = ${remembered}, lease = NULL WHERE ${CHOSEN}`, [run.id, keys]);
  await leaveToCopies(sql, run.id, held);
  await sql.run('UPDATE executions SET size = size - ? WHERE run_id = ? AND execution_no = ?', [held.length, run.id, executionNo]);
  if (held.length < rows.length) return 'rest';
  const event = sends === 0 ? 'release' : 'abandon';
  const now = await sql.now();
  await transition(sql, { runId: run.id, executionNo, event }, 'settled_at = ?, slot_freed_at = coalesce(slot_freed_at, ?)', [now, now]);
  return 'none';
}
