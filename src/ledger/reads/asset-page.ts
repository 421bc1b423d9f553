// One page of the assets of a run, a step or a campaign, by keyset: a page costs the same at a million rows.
import { rulesOf } from '../../domain/campaign/asset-steps.js';
import { type AssetRow, LIVE_OUTCOMES, type Outcome } from '../../domain/run/outcome.js';
import { givenFieldsOf } from '../rows/fields.js';
import type { RunKind } from '../rows/run.js';
import { isOneOf, rulesSql } from '../rows/step-rules.js';
import { jsonRows, type Sql, type SqlParameter } from '../sql/database.js';
import { byIndex, integerAt, JOIN_IN_ORDER, rowsGiven } from '../sql/dialect.js';
import type { NameIndex } from '../sql/name-index.js';
import { type StepUnderWay, stepUnderWay } from './campaign-view.js';
import { likePattern } from './like.js';

export interface AssetPageOptions {
  /** `next` of the page before. */
  cursor?: string | undefined;
  limit?: number | undefined;
  outcome?: Outcome | undefined;
  /** Part of an asset id or name. */
  q?: string | undefined;
  /** Of a campaign: only the assets of this wave, by its number from 1. */
  wave?: number | undefined;
}

export interface AssetPage {
  items: AssetRow[];
  next?: string;
}

/** `names`: tells which rows may hold a text. */
export async function readAssetPage(
  sql: Sql,
  run: { id: string; kind: RunKind },
  options: AssetPageOptions,
  names?: Pick<NameIndex, 'rangesHolding'>,
): Promise<AssetPage> {
  const limit = Math.min(Math.max(options.limit ?? 100, 1), 1_000);
  const source = run.kind === 'campaign' ? ofCampaign(await stepUnderWay(sql, run.id)) : run.kind === 'step' ? OF_STEP : OF_RUN;
  const like = options.q ? likePattern(options.q) : undefined;
  const conditions: [string, ...SqlParameter[]][] = [
    ['a.run_id = ? AND a.last = 1 AND a.seq > ?', run.id, placeOf(options.cursor)],
    ...(options.outcome ? [[`${source.outcome} = ?`, options.outcome] satisfies [string, ...SqlParameter[]]] : []),
    ...(options.wave === undefined ? [] : [['a.wave = ?', options.wave] satisfies [string, ...SqlParameter[]]]),
    ...(like
      ? [
          ["(lower(a.asset_id) LIKE lower(?) ESCAPE '\\' OR lower(a.name) LIKE lower(?) ESCAPE '\\')", like, like] satisfies [
            string,
            ...SqlParameter[],
          ],
        ]
      : []),
  ];
  const ranges = options.q ? await names?.rangesHolding(run.id, options.q, placeOf(options.cursor)) : undefined;
  const byOutcome = options.outcome !== undefined && source.outcome === 'a.outcome';
  if (ranges) conditions.push([`a.seq BETWEEN ${integerAt('held', 0)} AND ${integerAt('held', 1)}`]);
  const rows = await sql.all<StoredAssetRow>(
    `SELECT a.seq, a.asset_id, ${source.columns}
     FROM ${ranges ? `${rowsGiven('held')} ${JOIN_IN_ORDER} ` : ''}attempts AS a
       ${!ranges && byOutcome ? byIndex('attempts_outcome') : ''} ${ranges ? 'ON true' : ''} ${source.joins}
     WHERE ${conditions.map(([condition]) => condition).join(' AND ')} ORDER BY a.seq LIMIT ?`,
    [...(ranges ? [jsonRows(ranges)] : []), ...source.parameters, ...conditions.flatMap(([, ...parameters]) => parameters), limit + 1],
  );
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return { items: page.map(toAssetRow), ...(rows.length > limit && last ? { next: String(last.seq) } : {}) };
}

/** The place after which the page begins; a cursor that is none begins after the end. */
function placeOf(cursor: string | undefined): number {
  const place = Number(cursor ?? 0);
  return Number.isSafeInteger(place) ? place : Number.MAX_SAFE_INTEGER;
}

interface Source {
  columns: string;
  joins: string;
  /** Of the joins. */
  parameters: SqlParameter[];
  /** The outcome as it is shown, in SQL. */
  outcome: string;
}

const SHARED = [
  'name',
  'reason',
  'status',
  'exit_code',
  'correlation_uuid',
  'job_id',
  'started_at',
  'finished_at',
  'output_bytes',
  'rule',
] as const;
const OWN = `a.outcome AS outcome, a.attempt AS attempt, ${SHARED.map((column) => `a.${column}`).join(', ')}`;

const LATE = '(SELECT late.outcome FROM late_verdicts AS late WHERE late.run_id = a.run_id AND late.asset_id = a.asset_id) AS late';

const OF_RUN: Source = { columns: `${OWN}, NULL AS wave_name, ${LATE}`, joins: '', parameters: [], outcome: 'a.outcome' };

const OF_STEP: Source = {
  columns: `${OWN}, waves.name AS wave_name, ${LATE}`,
  joins: 'JOIN runs ON runs.id = a.run_id LEFT JOIN waves ON waves.campaign_id = runs.campaign_id AND waves.wave_no = runs.wave',
  parameters: [],
  outcome: 'a.outcome',
};

/**
 * Beside the campaign's own row that of the last step of its wave that the asset was in, `s`: it has the attempt, and is ahead while the
 * step is under way.
 */
function ofCampaign(live: StepUnderWay | undefined): Source {
  const joins = `${live ? 'JOIN (SELECT ? AS id) AS live ON true' : ''}
    LEFT JOIN waves ON waves.campaign_id = a.run_id AND waves.wave_no = a.wave
    LEFT JOIN attempts AS s ON s.seq = a.seq AND s.last = 1 AND s.run_id = (
      SELECT steps.id
      FROM runs AS steps
      JOIN attempts AS tried ON tried.run_id = steps.id AND tried.seq = a.seq AND tried.last = 1
      WHERE steps.campaign_id = a.run_id AND steps.wave = a.wave
      ORDER BY steps.created_at DESC
      LIMIT 1)`;
  const isAhead = live ? `a.outcome = 'pending' AND s.run_id = live.id` : 'false';
  const rule = live && rulesSql(rulesOf(live.step), { line: 'a', found: 's' });
  const ahead = (column: 'outcome' | 'reason'): string =>
    rule
      ? `CASE WHEN ${isAhead} AND ${isOneOf('s.outcome', LIVE_OUTCOMES)} THEN s.${column}
         WHEN ${isAhead} AND ${rule.fits} THEN ${rule[column]} ELSE a.${column} END`
      : `a.${column}`;
  const outcome = ahead('outcome');
  const columns = SHARED.map((column) => {
    if (column === 'reason') return `${ahead('reason')} AS reason`;
    if (column === 'output_bytes') return 'coalesce(s.output_bytes, a.output_bytes) AS output_bytes';
    return `CASE WHEN ${isAhead} THEN coalesce(s.${column}, a.${column}) ELSE a.${column} END AS ${column}`;
  });
  return {
    columns: `${outcome} AS outcome, coalesce(s.attempt, a.attempt) AS attempt, ${columns.join(', ')},
      waves.name AS wave_name, ${LATE.replaceAll('a.run_id', 's.run_id')}`,
    joins,
    parameters: live ? [live.id] : [],
    outcome,
  };
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
  wave_name: string | null;
  correlation_uuid: string | null;
  job_id: string | null;
  started_at: number | null;
  finished_at: number | null;
  output_bytes: number | null;
  rule: string | null;
  late: Outcome | null;
}

const FIELDS = {
  assetId: 'asset_id',
  name: 'name',
  outcome: 'outcome',
  reason: 'reason',
  status: 'status',
  exitCode: 'exit_code',
  attempt: 'attempt',
  wave: 'wave_name',
  correlationUuid: 'correlation_uuid',
  jobId: 'job_id',
  outputBytes: 'output_bytes',
  late: 'late',
  rule: 'rule',
} as const satisfies Record<string, keyof StoredAssetRow>;

function toAssetRow(row: StoredAssetRow): AssetRow {
  return {
    ...givenFieldsOf(row, FIELDS),
    ...(row.started_at === null ? {} : { startedAt: new Date(row.started_at).toISOString() }),
    ...(row.finished_at === null ? {} : { finishedAt: new Date(row.finished_at).toISOString() }),
  };
}
