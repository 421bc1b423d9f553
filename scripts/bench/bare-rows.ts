// What the bare loop writes: the tables, indexes and pragmas of the ledger, a prepared statement for each row, and a commit wherever
// the ledger has one.
import SqliteDatabase from 'libsql';

export interface BareAsset {
  assetId: string;
  name: string;
  agentUuid: string;
}

export interface BareAssetJob {
  jobId: string;
  assetId: string;
  status: string;
  exitCode: number | undefined;
  finishedAt: number;
}

type Statement = ReturnType<InstanceType<typeof SqliteDatabase>['prepare']>;
type Value = string | number | null;

const ROWS_A_COMMIT = 1_000;
const HOLD_MS = 60_000;
const PASSED = `UPDATE attempts SET outcome = 'succeeded', status = ?, status_since = ?, exit_code = ?, started_at = ?, finished_at = ?, job_id = ?, lease = NULL
  WHERE run_id = ? AND seq = ? AND attempt = 1`;

/** An asset as the loop knows it: its place in the cohort. */
export interface BareRow {
  seq: number;
  assetId: string;
}

/** An execution in its run. */
export interface BareExecution {
  runId: string;
  n: number;
  rows: readonly BareRow[];
}

export class BareRows {
  readonly #connection: InstanceType<typeof SqliteDatabase>;
  readonly #statements = new Map<string, Statement>();

  constructor(path: string) {
    this.#connection = new SqliteDatabase(path);
    this.#connection.pragma('journal_mode = WAL');
    this.#connection.pragma('synchronous = FULL');
    this.#connection.pragma('foreign_keys = ON');
    // Counts beside the rows are what the ledger keeps; a loop would not.
    for (const event of ['insert', 'update', 'delete']) this.#connection.exec(`DROP TRIGGER IF EXISTS outcome_counts_${event}`);
  }

  close(): void {
    this.#statements.clear();
    this.#connection.close();
  }

  /** As the call log has it: a commit before the call, one for the clock and one for the answer after it. */
  callBegins(endpoint: string): number {
    const now = Date.now();
    let callId = 0;
    this.#commit(() => {
      const statement = this.#statement('INSERT INTO calls (at, endpoint, run_id, holds_until) VALUES (?, ?, ?, ?)');
      callId = Number(statement.run([now, endpoint, 'bare', now + HOLD_MS]).lastInsertRowid);
      this.#run('UPDATE runs SET api_calls = api_calls + 1 WHERE id = ?', 'bare');
    });
    return callId;
  }

  callEnds(callId: number): void {
    const now = Date.now();
    this.#commit(() =>
      this.#run(
        `INSERT INTO server_clock (id, samples, jumps, jumped_at) VALUES (1, ?, 0, ?) ON CONFLICT (id) DO UPDATE SET samples = excluded.samples`,
        ...[JSON.stringify([[now, now]]), now],
      ),
    );
    this.#commit(() => {
      this.#run('UPDATE calls SET holds_until = NULL WHERE id = ?', callId);
      this.#run(
        'INSERT INTO limits (id, observed_at, refusals) VALUES (1, ?, 0) ON CONFLICT (id) DO UPDATE SET observed_at = excluded.observed_at',
        now,
      );
    });
  }

  addCohort(assets: readonly (BareAsset & { seq: number })[]): void {
    const insert = `INSERT INTO attempts (run_id, seq, attempt, asset_id, name, agent_uuid, outcome, wave) VALUES ('bare', ?, 1, ?, ?, ?, 'pending', 0)`;
    this.#each(assets, ({ seq, assetId, name, agentUuid }) => this.#run(insert, seq, assetId, name, agentUuid));
  }

  setWave(rows: readonly BareRow[], wave: number): void {
    this.#each(rows, ({ seq }) => this.#run(`UPDATE attempts SET wave = ? WHERE run_id = 'bare' AND seq = ? AND attempt = 1`, wave, seq));
  }

  addStep(runId: string, assets: readonly (BareAsset & { seq: number })[]): void {
    const insert = `INSERT INTO attempts (run_id, seq, attempt, asset_id, name, agent_uuid, outcome) VALUES (?, ?, 1, ?, ?, ?, 'pending')`;
    this.#each(assets, ({ seq, assetId, name, agentUuid }) => this.#run(insert, runId, seq, assetId, name, agentUuid));
  }

  setPlanned(runId: string, planned: number, rows: readonly BareRow[]): void {
    this.#each(rows, ({ seq }) =>
      this.#run('UPDATE attempts SET planned = ? WHERE run_id = ? AND seq = ? AND attempt = 1', planned, runId, seq),
    );
  }

  claim({ runId, n, rows }: BareExecution): void {
    this.#commit(() =>
      this.#run(
        `INSERT INTO executions (run_id, execution_no, state, script_id, size) VALUES (?, ?, 'claimed', '72648', ?)`,
        ...[runId, n, rows.length],
      ),
    );
    this.#each(rows, ({ seq }) =>
      this.#run('UPDATE attempts SET execution_no = ?, lease = 1 WHERE run_id = ? AND seq = ? AND attempt = 1', n, runId, seq),
    );
  }

  permit({ runId, n }: BareExecution): void {
    const now = Date.now();
    this.#commit(() => {
      this.#run(
        `UPDATE executions SET state = 'permitted', sends = sends + 1, sent_at = ? WHERE run_id = ? AND execution_no = ?`,
        now,
        runId,
        n,
      );
      this.#run(
        'INSERT INTO sends (run_id, execution_no, permit, fence, permitted_at, send_by) VALUES (?, ?, 1, 1, ?, ?)',
        ...[runId, n, now, now + HOLD_MS],
      );
    });
  }

  accept({ runId, n, rows }: BareExecution, correlationUuid: string): void {
    const now = Date.now();
    const accepted = `UPDATE attempts SET outcome = 'running', lease = 1, correlation_uuid = ? WHERE run_id = ? AND seq = ? AND attempt = 1`;
    this.#commit(() => {
      this.#run(
        `UPDATE executions SET state = 'accepted', correlation_uuid = ?, accepted_at = ?, accepted_server_at = ?, deadline_at = ? WHERE run_id = ? AND execution_no = ?`,
        ...[correlationUuid, now, now, now + HOLD_MS, runId, n],
      );
      for (const { seq } of rows) this.#run(accepted, correlationUuid, runId, seq);
      this.#run(`UPDATE sends SET answered_at = ?, answer = 'accepted' WHERE run_id = ? AND execution_no = ?`, now, runId, n);
    });
  }

  setJob({ runId, n, rows }: BareExecution, jobId: string): void {
    this.#commit(() => {
      this.#run('UPDATE executions SET job_id = ?, job_created_at = ? WHERE run_id = ? AND execution_no = ?', jobId, Date.now(), runId, n);
      for (const { seq } of rows)
        this.#run('UPDATE attempts SET job_id = ? WHERE run_id = ? AND seq = ? AND attempt = 1', jobId, runId, seq);
    });
  }

  /** All asset jobs of these executions are done. Commits of a thousand rows, or of one execution where that is larger. */
  settle(settled: readonly { execution: BareExecution; jobs: ReadonlyMap<string, BareAssetJob> }[]): void {
    let open: (typeof settled)[number][] = [];
    for (const one of settled) {
      open.push(one);
      if (open.reduce((sum, { jobs }) => sum + jobs.size, 0) < ROWS_A_COMMIT) continue;
      this.#settle(open);
      open = [];
    }
    if (open.length > 0) this.#settle(open);
  }

  #settle(settled: readonly { execution: BareExecution; jobs: ReadonlyMap<string, BareAssetJob> }[]): void {
    const now = Date.now();
    this.#commit(() => {
      for (const { execution, jobs } of settled) {
        const { runId, n, rows } = execution;
        for (const { seq, assetId } of rows) {
          const job = jobs.get(assetId);
          if (!job) throw new Error(`Asset ${assetId} has no asset job.`);
          this.#run(PASSED, job.status, now, job.exitCode ?? null, job.finishedAt, job.finishedAt, job.jobId, runId, seq);
        }
        this.#run(
          `UPDATE executions SET state = 'settled', settled_at = ?, slot_freed_at = ?, polled_at = ? WHERE run_id = ? AND execution_no = ?`,
          ...[now, now, now, runId, n],
        );
      }
    });
  }

  /** The verdicts of a whole run, by place alone. */
  recordPassed(runId: string, rows: number, job: Omit<BareAssetJob, 'assetId'>): void {
    const { status, exitCode = null, finishedAt, jobId } = job;
    this.#each(
      Array.from({ length: rows }, (_, index) => index + 1),
      (seq) => this.#run(PASSED, status, finishedAt, exitCode, finishedAt, finishedAt, jobId, runId, seq),
    );
  }

  /** What the step found becomes the outcome of the campaign's own rows. */
  merge(runId: string, rows: readonly BareRow[]): void {
    const read = this.#statement(
      'SELECT outcome, status, exit_code, correlation_uuid, job_id, started_at, finished_at FROM attempts WHERE run_id = ? AND seq = ? AND attempt = 1',
    );
    const write = `UPDATE attempts SET outcome = ?, status = ?, exit_code = ?, correlation_uuid = ?, job_id = ?, started_at = ?, finished_at = ?
      WHERE run_id = 'bare' AND seq = ? AND attempt = 1`;
    this.#each(rows, ({ seq }) => {
      const found = read.get([runId, seq]) as Record<string, Value>;
      const {
        outcome = null,
        status = null,
        exit_code: code = null,
        correlation_uuid: uuid = null,
        job_id: job = null,
        started_at: from = null,
        finished_at: to = null,
      } = found;
      this.#run(write, outcome, status, code, uuid, job, from, to, seq);
    });
  }

  #each<Row>(rows: readonly Row[], write: (row: Row) => void): void {
    for (let start = 0; start < rows.length; start += ROWS_A_COMMIT) {
      this.#commit(() => {
        for (const row of rows.slice(start, start + ROWS_A_COMMIT)) write(row);
      });
    }
  }

  #commit(work: () => void): void {
    this.#connection.exec('BEGIN IMMEDIATE');
    work();
    this.#connection.exec('COMMIT');
  }

  #run(sql: string, ...values: Value[]): void {
    this.#statement(sql).run(values);
  }

  #statement(sql: string): Statement {
    const known = this.#statements.get(sql) ?? this.#connection.prepare(sql);
    this.#statements.set(sql, known);
    return known;
  }
}
