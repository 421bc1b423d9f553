// What people read of a run: pages of assets in cohort order, by keyset, so that a page costs the same at a million rows.
import type { AssetRow, LiveCounts } from '../../domain/run/outcome.js';
import { countOutcomes } from '../rows/counts.js';
import { type RunKind, type RunRow, readRun } from '../rows/run.js';
import { type Database, jsonRows } from '../sql/database.js';
import type { NameIndex } from '../sql/name-index.js';
import { type AssetPage, type AssetPageOptions, readAssetPage } from './asset-page.js';
import { campaignCounts, campaignWork, viewWaves, type WaveView } from './campaign-view.js';
import { type Holder, holdersAmong, holdersOfWaiting } from './holders.js';
import { type OutputState, readOutputState } from './output-state.js';
import { type RunSearch, readRunPage } from './run-page.js';

export type { AssetPageOptions } from './asset-page.js';
export type { Holder } from './holders.js';

/** An asset outside the cohort that got the script anyway, and the job that took it there. */
export interface OutOfCohortRow {
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
  /** Of a campaign, in their order; empty before its cohort is cut. */
  waves?: WaveView[];
  /** Of a campaign: the wave whose step a breach of its error budget holds back. */
  held?: { wave: number } | undefined;
}

/** A page of runs and campaigns behind the last one of the page before, by age and then by name. */
const NEWEST_RUNS = `
  SELECT id, created_at
  FROM runs
  WHERE (? = 1 OR kind <> 'step') AND created_at >= ? AND (created_at < ? OR created_at = ? AND id > ?)
  ORDER BY created_at DESC, id
  LIMIT 100`;

const COUNT_IN_FLIGHT = `
  SELECT count(*) AS n
  FROM executions
  WHERE run_id = ? AND state IN ('permitted', 'accepted') AND settled_at IS NULL`;

const NEWEST_STEP_WITH_OUTPUT = `
  SELECT runs.id
  FROM runs
  JOIN outputs ON outputs.run_id = runs.id AND outputs.asset_id = ?
  WHERE runs.campaign_id = ?
  ORDER BY runs.created_at DESC
  LIMIT 1`;

const OUT_OF_COHORT = `
  SELECT asset_id, job_id
  FROM out_of_cohort
  WHERE run_id = ? OR run_id IN (SELECT id FROM runs WHERE campaign_id = ?)
  ORDER BY job_id, asset_id
  LIMIT ?`;

export class Reader {
  readonly #database: Database;
  readonly #names: NameIndex | undefined;

  constructor(database: Database, names?: NameIndex) {
    this.#database = database;
    this.#names = names;
  }

  async run(runId: string): Promise<RunView | undefined> {
    const run = await readRun(this.#database, runId);
    if (!run) return undefined;
    if (run.kind === 'campaign') return this.#campaign(run);
    const extra = await this.#database.first<{ api_calls: number; accepted: number; blocked: string | null }>(
      'SELECT api_calls, accepted, blocked FROM runs WHERE id = ?',
      [runId],
    );
    const open = await this.#database.first<{ n: number }>(COUNT_IN_FLIGHT, [runId]);
    const owed = await this.#database.first<{ n: number }>(`SELECT count(*) AS n FROM attempts WHERE run_id = ? AND output = 'owed'`, [
      runId,
    ]);
    return {
      run,
      counts: await countOutcomes(this.#database, runId),
      inFlight: open?.n ?? 0,
      callsUsed: extra?.api_calls ?? 0,
      accepted: extra?.accepted ?? 0,
      blocked: extra?.blocked ?? undefined,
      durationsMs: (await this.pace(run.script?.id ?? '')).durationsMs,
      outputsOwed: owed?.n ?? 0,
    };
  }

  /** Its own rows, and what its steps do and spend. */
  async #campaign(run: RunRow): Promise<RunView> {
    const waves = await viewWaves(this.#database, run.id);
    return {
      run,
      waves,
      counts: await campaignCounts(this.#database, run.id, waves),
      ...(await campaignWork(this.#database, run.id)),
      durationsMs: (await this.pace(run.script?.id ?? '')).durationsMs,
      outputsOwed: 0,
    };
  }

  /** The newest runs and campaigns first; the steps of campaigns only where they are asked for. */
  async runs(limit = 50, { steps = false } = {}): Promise<RunView[]> {
    const views: RunView[] = [];
    for await (const { id } of this.newest({ steps })) {
      if (views.length >= limit) break;
      const view = await this.run(id);
      if (view) views.push(view);
    }
    return views;
  }

  /** The same without what each has done, for those who look for some of them: a view counts outcomes. `sinceMs`: epoch milliseconds. */
  async *newest({ steps = false, sinceMs = 0 } = {}): AsyncGenerator<RunRow> {
    for (let last = { created_at: Number.MAX_SAFE_INTEGER, id: '' }; ; ) {
      const page = await this.#database.all<typeof last>(NEWEST_RUNS, [steps, sinceMs, last.created_at, last.created_at, last.id]);
      for (const { id } of page) {
        const run = await readRun(this.#database, id);
        if (run) yield run;
      }
      const end = page.at(-1);
      if (end === undefined) return;
      last = end;
    }
  }

  /** One page of runs and campaigns, without what each has done. */
  async runPage(search: RunSearch, limit: number): Promise<RunRow[]> {
    return readRunPage(this.#database, search, limit);
  }

  /** None of a run that the ledger does not know. */
  async assets(runId: string, options: AssetPageOptions = {}): Promise<AssetPage> {
    const run = await this.#database.first<{ kind: RunKind }>('SELECT kind FROM runs WHERE id = ?', [runId]);
    return run ? readAssetPage(this.#database, { id: runId, kind: run.kind }, options, this.#names) : { items: [] };
  }

  /** Under which run the newest output of an asset is stored: its own, or the last step of the campaign that has one. */
  async outputOwner(runId: string, assetId: string): Promise<string> {
    const step = await this.#database.first<{ id: string }>(NEWEST_STEP_WITH_OUTPUT, [assetId, runId]);
    return step?.id ?? runId;
  }

  /** Why an asset's output is stored, or is not; undefined of an asset that is not in the run. */
  async outputState(runId: string, assetId: string): Promise<OutputState | undefined> {
    return readOutputState(this.#database, runId, assetId);
  }

  /** Of a campaign, those of all its steps. */
  async outOfCohort(runId: string, limit: number): Promise<OutOfCohortRow[]> {
    const rows = await this.#database.all<{ asset_id: string; job_id: string }>(OUT_OF_COHORT, [runId, runId, limit]);
    return rows.map(({ asset_id: assetId, job_id: jobId }) => ({ assetId, jobId }));
  }

  /** Which other runs have the assets that a run waits to send to. */
  async holdersOfWaiting(runId: string): Promise<Holder[]> {
    return holdersOfWaiting(this.#database, runId);
  }

  /** Which runs have some of these assets in an open execution now. */
  async holdersAmong(assetIds: readonly string[]): Promise<Holder[]> {
    return holdersAmong(this.#database, jsonRows(assetIds));
  }

  /** Executions that were sent within the last 24 hours, over all runs: what counts against the daily quota. */
  async executionsInDay(): Promise<number> {
    const since = (await this.#database.now()) - 24 * 3_600_000;
    const row = await this.#database.first<{ n: number }>('SELECT count(*) AS n FROM sends WHERE spent = 1 AND permitted_at > ?', [since]);
    return row?.n ?? 0;
  }

  /** How fast a script goes, as far as it was seen: local milliseconds of recent executions, and the interval that was learned. */
  async pace(scriptId: string): Promise<{ durationsMs: number[]; intervalMs?: number | undefined }> {
    const row = await this.#database.first<{ durations: string; interval_ms: number | null }>(
      'SELECT durations, interval_ms FROM scripts WHERE script_id = ?',
      [scriptId],
    );
    const durations = row ? (JSON.parse(row.durations) as { localMs: number }[]) : [];
    return { durationsMs: durations.map(({ localMs }) => localMs), intervalMs: row?.interval_ms ?? undefined };
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
