// What people read of a run: pages of assets in cohort order, by keyset, so that a page costs the same at a million rows.
import type { AssetRow, LiveCounts, Outcome } from '../domain/outcome.js';
import type { Database } from './database.js';
import { countOutcomes } from './run-counts.js';
import { type RunRow, readRun } from './run-row.js';

export interface AssetPageOptions {
  /** `next` of the page before. */
  cursor?: string | undefined;
  limit?: number | undefined;
  outcome?: Outcome | undefined;
  /** Part of an asset id or name. */
  q?: string | undefined;
}

/** An asset outside the cohort that got the script all the same, and the job that took it there. */
export interface StrayRow {
  assetId: string;
  jobId: string;
}

/** A run as lists and live views show it. */
export interface RunView {
  run: RunRow;
  counts: LiveCounts;
  inFlight: number;
  callsUsed: number;
  accepted: number;
  blocked?: string | undefined;
  /** Local milliseconds that recent executions of its script took. */
  durationsMs: number[];
  outputsOwed: number;
}

export class Reader {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async run(runId: string): Promise<RunView | undefined> {
    const run = await readRun(this.#database, runId);
    if (!run) return undefined;
    const extra = await this.#database.first<{ api_calls: number; accepted: number; blocked: string | null }>(
      'SELECT api_calls, accepted, blocked FROM runs WHERE id = ?',
      [runId],
    );
    const open = await this.#database.first<{ n: number }>(
      `SELECT count(*) AS n FROM executions WHERE run_id = ? AND state IN ('permitted', 'accepted') AND settled_at IS NULL`,
      [runId],
    );
    const owed = await this.#database.first<{ n: number }>(`SELECT count(*) AS n FROM attempts WHERE run_id = ? AND output = 'owed'`, [
      runId,
    ]);
    const script = await this.#database.first<{ durations: string }>('SELECT durations FROM scripts WHERE script_id = ?', [run.script?.id]);
    return {
      run,
      counts: await countOutcomes(this.#database, runId),
      inFlight: open?.n ?? 0,
      callsUsed: extra?.api_calls ?? 0,
      accepted: extra?.accepted ?? 0,
      blocked: extra?.blocked ?? undefined,
      durationsMs: script ? (JSON.parse(script.durations) as { localMs: number }[]).map(({ localMs }) => localMs) : [],
      outputsOwed: owed?.n ?? 0,
    };
  }

  /** The newest runs first. */
  async runs(limit = 50): Promise<RunView[]> {
    const rows = await this.#database.all<{ id: string }>('SELECT id FROM runs ORDER BY created_at DESC LIMIT ?', [limit]);
    const views = await Promise.all(rows.map(({ id }) => this.run(id)));
    return views.filter((view) => view !== undefined);
  }

  async assets(runId: string, options: AssetPageOptions = {}): Promise<{ items: AssetRow[]; next?: string }> {
    const limit = Math.min(Math.max(options.limit ?? 100, 1), 1_000);
    const like = options.q ? `%${options.q.replace(/[\\%_]/g, '\\$&')}%` : undefined;
    const rows = await this.#database.all<StoredAssetRow>(
      `SELECT * FROM attempts ${options.outcome ? 'INDEXED BY attempts_outcome' : ''} WHERE run_id = ? AND last = 1 AND seq > ?
         ${options.outcome ? 'AND outcome = ?' : ''} ${like ? "AND (asset_id LIKE ? ESCAPE '\\' OR name LIKE ? ESCAPE '\\')" : ''} ORDER BY seq LIMIT ?`,
      [runId, Number(options.cursor ?? 0), ...(options.outcome ? [options.outcome] : []), ...(like ? [like, like] : []), limit + 1],
    );
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return { items: page.map(toAssetRow), ...(rows.length > limit && last ? { next: String(last.seq) } : {}) };
  }

  async strays(runId: string, limit: number): Promise<StrayRow[]> {
    const rows = await this.#database.all<{ asset_id: string; job_id: string }>(
      'SELECT asset_id, job_id FROM strays WHERE run_id = ? ORDER BY job_id, asset_id LIMIT ?',
      [runId, limit],
    );
    return rows.map(({ asset_id: assetId, job_id: jobId }) => ({ assetId, jobId }));
  }

  /** All assets of a run, page by page, in constant memory. */
  async *allAssets(runId: string, options: Omit<AssetPageOptions, 'cursor'> = {}): AsyncGenerator<AssetRow> {
    let cursor: string | undefined;
    do {
      const page = await this.assets(runId, { limit: 1_000, ...options, cursor });
      yield* page.items;
      cursor = page.next;
    } while (cursor !== undefined);
  }
}

interface StoredAssetRow {
  seq: number;
  asset_id: string;
  name: string | null;
  outcome: Outcome;
  reason: string | null;
  status: string | null;
  exit_code: number | null;
  attempt: number;
  correlation_uuid: string | null;
  job_id: string | null;
  started_at: number | null;
  finished_at: number | null;
  output_bytes: number | null;
}

function toAssetRow(row: StoredAssetRow): AssetRow {
  return {
    assetId: row.asset_id,
    ...(row.name === null ? {} : { name: row.name }),
    outcome: row.outcome,
    ...(row.reason === null ? {} : { reason: row.reason }),
    ...(row.status === null ? {} : { status: row.status }),
    ...(row.exit_code === null ? {} : { exitCode: row.exit_code }),
    attempt: row.attempt,
    ...(row.correlation_uuid === null ? {} : { correlationUuid: row.correlation_uuid }),
    ...(row.job_id === null ? {} : { jobId: row.job_id }),
    ...(row.started_at === null ? {} : { startedAt: new Date(row.started_at).toISOString() }),
    ...(row.finished_at === null ? {} : { finishedAt: new Date(row.finished_at).toISOString() }),
    ...(row.output_bytes === null ? {} : { outputBytes: row.output_bytes }),
  };
}
