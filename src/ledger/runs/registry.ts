import { MAX_ASSETS_PER_EXECUTION } from '../../domain/execution/state.js';
import type { PlaybookApproval } from '../../domain/run/approval.js';
import type { LiveCounts, RunReport, StopCause } from '../../domain/run/outcome.js';
import type { Issued, RunPhase, RunSnapshot } from '../../domain/run/snapshot.js';
import type { TicketStart } from '../../domain/run/ticket-start.js';
import { freeLeases } from '../cohort/closing.js';
import { giveBackUnsent } from '../leases/unsent.js';
import { recountOutcomes } from '../rows/counts.js';
import { beginClosing, IS_OPEN } from '../rows/late.js';
import {
  type CampaignRules,
  type NamedScript,
  type RunKind,
  type RunRow,
  readRun,
  readStored,
  SELECT_RUN,
  type StoredRequest,
  type StoredRun,
  toRun,
} from '../rows/run.js';
import { issuedOf, snapshotOf } from '../snapshots/run.js';
import { type Database, isUniqueViolation, jsonRows, type Sql, storableText } from '../sql/database.js';
import { byIndex, JOIN_IN_ORDER } from '../sql/dialect.js';
import { rivalOf } from '../tickets/authorised.js';
import { type AdjustedTerms, adjustTerms, inFlightColumns, setPaused, setPhase, stopRun } from './effects.js';

const TAGS_KEPT = 2_000;
/** They are in the result, which history holds: 10 kB at most. */
const WARNINGS_KEPT = 20;
const WARNING_LENGTH = 500;

/** What a run has come to when it is closed. */
export interface ClosingFacts {
  counts: LiveCounts;
  run: RunRow;
  compliant: number;
  outOfCohort: number;
  executions: number;
  apiCalls: number;
  now: number;
}

const OPEN_RUN = `
  INSERT INTO runs (id, first_execution_id, namespace, namespace_id, phase, request, max_in_flight, auto_in_flight, deadline_ms,
    error_budget, created_at, kind, campaign_id, wave, step, calendar, on_breach, conflict, parent_id, approval)
  VALUES (?, ?, ?, ?, 'opening', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

/** Not once the cohort is frozen: approvals and copies go by it. */
const SET_SCRIPT = `
  UPDATE runs
  SET script_id = ?, script_title = ?, script_sha256 = ?, script_checked_at = ?, follow_up_script = ?
  WHERE id = ? AND cohort_digest IS NULL AND ${IS_OPEN}`;

const SET_MISSING = `
  UPDATE runs
  SET missing_since = CASE WHEN ? = 1 THEN coalesce(missing_since, ?) END
  WHERE id = ?
  RETURNING missing_since`;

/** The run's own first. */
const WARNINGS = `
  SELECT warnings
  FROM runs
  WHERE (id = ? OR campaign_id = ?) AND warnings <> '[]'
  ORDER BY id <> ?, created_at`;

/** Runs whose close was cut short. */
const CLOSED_WITH_LEASES = `
  SELECT DISTINCT held.run_id
  FROM attempts AS held ${byIndex('attempts_lease')}
  ${JOIN_IN_ORDER} runs ON runs.id = held.run_id
  WHERE held.lease = 1 AND runs.finished_at IS NOT NULL`;

const COUNT_COMPLIANT = `
  SELECT count(*) AS n
  FROM attempts
  WHERE run_id = ? AND last = 1 AND outcome = 'skipped' AND reason = 'compliant'`;

const FINISH = `
  UPDATE runs
  SET phase = 'finished', blocked = NULL, finished_at = coalesce(finished_at, ?)
  WHERE id = ?`;

/** Of all runs, as far as anybody would tell them apart. */
const COUNT_DUE = `
  SELECT count(*) AS n
  FROM (
    SELECT 1
    FROM attempts ${byIndex('attempts_due')}
    WHERE outcome = 'pending' AND execution_no IS NULL AND planned IS NULL AND wave IS NULL
    LIMIT 10000
  ) AS due`;

const COUNT_WATCHED = `
  SELECT count(DISTINCT run_id) AS watchers, count(CASE WHEN slot_freed_at IS NULL THEN 1 END) AS slots
  FROM executions
  WHERE state = 'accepted' AND settled_at IS NULL`;

/** `rival`: the run that has the authorisation of this one's ticket, or a later one. */
export type Opened = 'new' | 'same' | 'already-run' | { rival: string };

export class Runs {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Registers the run; a second call for the same workflow execution finds it, one for another execution of the same id is refused. */
  async open(run: {
    id: string;
    firstExecutionId: string;
    namespace: string;
    namespaceId?: string | undefined;
    request: StoredRequest;
    kind?: RunKind;
    campaign?: RunRow['campaign'];
    parentId?: string | undefined;
    rules?: CampaignRules;
    approval?: PlaybookApproval | undefined;
    ticketStart?: TicketStart | undefined;
  }): Promise<Opened> {
    const { ticketStart } = run;
    if (!ticketStart?.counted && !ticketStart?.single) return this.#open(this.#database, run);
    return this.#database.transaction(async (sql) => {
      const known = await readRun(sql, run.id);
      if (known) return isSameRun(known, run);
      const rival = await rivalOf(sql, run.id, ticketStart);
      return rival === undefined ? this.#open(sql, run) : { rival };
    });
  }

  async #open(sql: Sql, run: Parameters<Runs['open']>[0]): Promise<Opened> {
    try {
      await sql.run(OPEN_RUN, [
        run.id,
        run.firstExecutionId,
        run.namespace,
        run.namespaceId,
        JSON.stringify(run.request),
        ...inFlightColumns(run.request.maxInFlight),
        run.request.deadline,
        run.request.errorBudget ? JSON.stringify(run.request.errorBudget) : null,
        await sql.now(),
        run.kind ?? 'run',
        run.campaign?.id,
        run.campaign?.wave,
        run.campaign?.step,
        run.rules?.calendar && JSON.stringify(run.rules.calendar),
        run.rules?.onBreach,
        run.rules?.conflict,
        run.parentId,
        run.approval && JSON.stringify(run.approval),
      ]);
      return 'new';
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
      return isSameRun(await readRun(sql, run.id), run);
    }
  }

  async get(id: string): Promise<RunRow | undefined> {
    return readRun(this.#database, id);
  }

  issued(id: string): Promise<Issued> {
    return issuedOf(this.#database, id);
  }

  /** Runs whose report is not written, oldest first. */
  async unfinished(): Promise<RunRow[]> {
    const rows = await this.#database.all<StoredRun>(`${SELECT_RUN} WHERE runs.finished_at IS NULL ORDER BY runs.created_at`);
    return rows.map(toRun);
  }

  async setScript(id: string, script: NamedScript, followUpScript?: NamedScript): Promise<void> {
    // What was approved with the frozen cohort stays, whatever a title may stand for by now.
    // The reading is this old at least: the cohort may take hours.
    await this.#database.run(SET_SCRIPT, [
      script.id,
      script.title,
      script.sha256,
      await this.#database.now(),
      followUpScript && JSON.stringify(followUpScript),
      id,
    ]);
  }

  /** Notes that the workflow is missing, from the first time on, or that it was seen again. Returns since when it is missing. */
  async setMissing(id: string, isMissing: boolean): Promise<number | undefined> {
    const [row] = await this.#database.all<{ missing_since: number | null }>(SET_MISSING, [isMissing, await this.#database.now(), id]);
    return row?.missing_since ?? undefined;
  }

  async setResolveCursor(id: string, cursor: string): Promise<void> {
    await this.#database.run('UPDATE runs SET resolve_cursor = ? WHERE id = ?', [cursor, id]);
  }

  setPhase(id: string, phase: RunPhase): Promise<void> {
    return setPhase(this.#database, id, phase);
  }

  /** How many may be in flight of a run that has left it to the call budget. */
  async setInFlight(id: string, most: number): Promise<void> {
    await this.#database.run(
      `UPDATE runs SET max_in_flight = ? WHERE id = ? AND auto_in_flight = 1 AND max_in_flight <> ? AND ${IS_OPEN}`,
      [most, id, most],
    );
  }

  async setNextPoll(id: string, at: number): Promise<void> {
    await this.#database.run('UPDATE runs SET next_poll_at = ? WHERE id = ?', [at, id]);
  }

  /** Which tags the cohort was seen to bear, and on how many of its assets: candidates for the tag planner, also of a later attempt. */
  async setTagsSeen(id: string, tags: ReadonlyMap<string, number>): Promise<void> {
    const most = [...tags].sort(([, one], [, other]) => other - one).slice(0, TAGS_KEPT);
    await this.#database.run('UPDATE runs SET tags_seen = ? WHERE id = ?', [JSON.stringify(most), id]);
  }

  async tagsSeen(id: string): Promise<Map<string, number>> {
    const row = await this.#database.first<{ tags_seen: string | null }>('SELECT tags_seen FROM runs WHERE id = ?', [id]);
    return new Map(JSON.parse(row?.tags_seen ?? '[]') as [string, number][]);
  }

  /** Something that people have to hear of with the run's result; the same again changes nothing. */
  async addWarning(id: string, warning: string): Promise<void> {
    const text = storableText(warning.slice(0, WARNING_LENGTH));
    await this.#database.transaction(async (sql) => {
      const row = await sql.first<{ warnings: string }>(`SELECT warnings FROM runs WHERE id = ? AND ${IS_OPEN}`, [id]);
      const known = JSON.parse(row?.warnings ?? '[]') as string[];
      if (!row || known.includes(text) || known.length >= WARNINGS_KEPT) return;
      await sql.run('UPDATE runs SET warnings = ? WHERE id = ?', [jsonRows([...known, text]), id]);
    });
  }

  /** Of the run; of a campaign also those of its steps. */
  async warnings(id: string): Promise<string[]> {
    const rows = await this.#database.all<{ warnings: string }>(WARNINGS, [id, id, id]);
    return [...new Set(rows.flatMap(({ warnings }) => JSON.parse(warnings) as string[]))].slice(0, WARNINGS_KEPT);
  }

  async setBlocked(id: string, blocked: string | undefined): Promise<void> {
    await this.#database.run(`UPDATE runs SET blocked = ? WHERE id = ? AND ${IS_OPEN}`, [blocked, id]);
  }

  setPaused(id: string, paused: boolean): Promise<void> {
    return this.#database.transaction((sql) => setPaused(sql, id, paused));
  }

  /** A step's budget is exceeded, and its campaign wants a person to decide: nothing of it is sent until then. */
  async hold(id: string): Promise<void> {
    await this.#database.transaction(async (sql) => {
      await sql.run(`UPDATE runs SET paused = 1 WHERE id = ? AND ${IS_OPEN}`, [id]);
      await giveBackUnsent(sql, id);
    });
  }

  adjust(id: string, terms: AdjustedTerms): Promise<void> {
    return this.#database.transaction((sql) => adjustTerms(sql, id, terms));
  }

  stop(id: string, cause: StopCause, reason: string): Promise<void> {
    return this.#database.transaction((sql) => stopRun(sql, id, cause, reason));
  }

  /** A fence for one attempt of an activity. Only the highest one of the run may take permits: a zombie's is lower. */
  async takeFence(id: string): Promise<number> {
    const [row] = await this.#database.all<{ fence: number }>('UPDATE runs SET fence = fence + 1 WHERE id = ? RETURNING fence', [id]);
    return row?.fence ?? 0;
  }

  /** The first step of every close: from here on nothing but the close writes to the run. Returns its number. */
  async beginClosing(id: string): Promise<number> {
    return this.#database.transaction((sql) => beginClosing(sql, id));
  }

  /** A finished run holds no lease, whatever came of its close. Returns the runs that held some. */
  async freeLeasesOfFinished(): Promise<string[]> {
    const rows = await this.#database.all<{ run_id: string }>(CLOSED_WITH_LEASES);
    for (const { run_id: id } of rows) await freeLeases(this.#database, id);
    return rows.map(({ run_id: id }) => id);
  }

  /** Writes the report once; a second call returns the first one's. Frees every lease of the run. */
  async close(id: string, makeReport: (facts: ClosingFacts) => RunReport): Promise<RunReport> {
    await freeLeases(this.#database, id);
    return this.#database.transaction(async (sql) => {
      const run = await readRun(sql, id);
      if (!run) throw new Error(`The ledger does not know the run ${id}.`);
      if (run.report) return run.report;
      const now = await sql.now();
      const stored = await readStored(sql, id);
      const compliant = await sql.first<{ n: number }>(COUNT_COMPLIANT, [id]);
      const outOfCohort = await sql.first<{ n: number }>('SELECT count(*) AS n FROM out_of_cohort WHERE run_id = ?', [id]);
      const report = makeReport({
        counts: await recountOutcomes(sql, id),
        run,
        compliant: compliant?.n ?? 0,
        outOfCohort: outOfCohort?.n ?? 0,
        executions: stored?.accepted ?? 0,
        apiCalls: stored?.api_calls ?? 0,
        now,
      });
      await sql.run(`UPDATE runs SET phase = 'finished', blocked = NULL, report = ?, finished_at = ? WHERE id = ?`, [
        JSON.stringify(report),
        now,
        id,
      ]);
      return report;
    });
  }

  /** Ends a run that has no report. */
  async abandon(id: string): Promise<void> {
    await freeLeases(this.#database, id);
    await this.#database.run(FINISH, [await this.#database.now(), id]);
  }

  /** What all runs of the ledger still want of the calls: executions to send, slots that they have, and watches to go on with. */
  async load(): Promise<{ unsentExecutions: number; slots: number; watchers: number }> {
    const watched = await this.#database.first<{ watchers: number; slots: number }>(COUNT_WATCHED);
    // Beyond some ten thousand assets the answer is «more than any window», so counting stops there.
    const waiting = await this.#database.first<{ n: number }>(COUNT_DUE);
    const byTags = await this.#database.first<{ n: number }>(`SELECT count(*) AS n FROM planned WHERE state = 'waiting'`);
    return {
      unsentExecutions: Math.ceil((waiting?.n ?? 0) / MAX_ASSETS_PER_EXECUTION) + (byTags?.n ?? 0),
      slots: watched?.slots ?? 0,
      watchers: watched?.watchers ?? 0,
    };
  }

  /** Where the run stands, as the workflow carries it. */
  snapshot(id: string): Promise<RunSnapshot> {
    return snapshotOf(this.#database, id);
  }
}

function isSameRun(known: RunRow | undefined, run: { kind?: RunKind; firstExecutionId: string }): 'same' | 'already-run' {
  return known?.kind === (run.kind ?? 'run') && known.firstExecutionId === run.firstExecutionId ? 'same' : 'already-run';
}
