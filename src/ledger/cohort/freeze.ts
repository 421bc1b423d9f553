import { createHash } from 'node:crypto';
import { otherNames } from '../../domain/targets/host-names.js';
import { NEVER_TOUCH, namedInCohort, type Untouched } from '../policy/never-touch.js';
import { IS_OPEN, isClosing } from '../rows/late.js';
import { type Database, jsonRows, type Sql } from '../sql/database.js';
import { byIndex, placeOf, rowsGiven, TEXTS, textAt } from '../sql/dialect.js';

export interface CohortAsset {
  assetId: string;
  name?: string | undefined;
  agentUuid?: string | undefined;
  /** Other host names of it: policy may name it by one of them. */
  aliases?: readonly string[] | undefined;
}

export interface FrozenCohort {
  size: number;
  digest: string;
}

/** What is left out of a cohort, or left alone in it, when it is closed. */
export interface Exceptions {
  /** The attempt that walked the targets. */
  attempt?: number;
  excluded?: readonly string[];
  neverTouch?: Untouched | undefined;
  /** The policy that says so, and the reading of what it stands for. */
  policyVersion?: number | undefined;
  reading?: number | undefined;
  /** The targets' own word that all of an inventory is meant. */
  everything?: boolean | undefined;
}

/** Rows a transaction writes at most: a longer one would keep other workers from their permits. */
export const ROWS_PER_TRANSACTION = 1_000;

const PLACES = `
  SELECT seq
  FROM attempts ${byIndex('attempts_asset')}
  WHERE run_id = ? AND attempt = 1 AND asset_id IN ${TEXTS}
  ORDER BY seq`;

/** Of a row of `runs`: its cohort may still change. */
const IS_OPENING = `cohort_digest IS NULL AND ${IS_OPEN} AND stop_cause IS NULL`;

const FREEZE = `
  UPDATE runs
  SET cohort_size = ?, cohort_digest = ?, policy_version = ?, untouched_reading = ?, everything = ?
  WHERE id = ? AND opening = ? AND next_seq = ? AND ${IS_OPENING}`;

/** The frozen list of assets a run was approved for. */
export class Cohort {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Begins an attempt to open the run: what an earlier one still finds is not taken in any more.
   * Undefined when the run has ended; its cohort, when that is frozen already.
   */
  async begin(runId: string): Promise<{ attempt: number } | { frozen: FrozenCohort } | undefined> {
    return this.#database.transaction(async (sql) => {
      const frozen = await frozenCohort(sql, runId);
      if (frozen) return { frozen };
      const [row] = await sql.all<{ attempt: number }>(
        `UPDATE runs SET opening = opening + 1 WHERE id = ? AND ${IS_OPENING} RETURNING opening AS attempt`,
        [runId],
      );
      return row;
    });
  }

  /**
   * Adds assets while the run is being opened. Assets that are in already stay where they are, and are known by further names: a page added
   * twice changes nothing.
   * False when nothing is taken in: the cohort is frozen, the run has ended, or a later attempt opens it.
   */
  async add(runId: string, assets: readonly CohortAsset[], attempt = 0): Promise<boolean> {
    for (let start = 0; start < assets.length; start += ROWS_PER_TRANSACTION) {
      const part = assets.slice(start, start + ROWS_PER_TRANSACTION);
      if (!(await this.#database.transaction((sql) => addRows(sql, { runId, attempt }, part)))) return false;
    }
    return true;
  }

  /** The places of these assets in the cohort, in ascending order; those that are not in it are left out. */
  async places(runId: string, assetIds: readonly string[]): Promise<number[]> {
    const rows = await this.#database.all<{ seq: number }>(PLACES, [runId, jsonRows(assetIds)]);
    return rows.map(({ seq }) => seq);
  }

  /** Leaves these assets of the cohort alone, visibly. */
  skip(runId: string, assetIds: readonly string[], reason: string): Promise<void> {
    return this.#database.transaction(async (sql) => {
      if (!(await isClosing(sql, runId))) await skipAssets(sql, runId, { assetIds, reason });
    });
  }

  /**
   * Closes the cohort, without what is excluded: its size, and a digest over its ids in ascending order. The second call answers as the
   * first. Undefined when the run has ended, or a later attempt opens it. A large cohort is read in parts, between which others may write:
   * it is closed only if no page has come meanwhile.
   */
  async freeze(runId: string, exceptions: Exceptions = {}): Promise<FrozenCohort | undefined> {
    const { attempt = 0, neverTouch } = exceptions;
    for (;;) {
      const namedUpTo = await this.#nextSeq(runId);
      const named = await namedInCohort(this.#database, runId, neverTouch?.hostnames ?? []);
      const untouched = [...(neverTouch?.assetIds ?? []), ...named];
      const found = await this.#database.transaction((sql) => leaveOut(sql, runId, { ...exceptions, untouched }));
      if (!found || 'digest' in found) return found;
      if (found.nextSeq !== namedUpTo) continue;
      const read = await digestOf(this.#database, runId);
      const closed = await this.#database.run(FREEZE, [
        read.size,
        read.digest,
        exceptions.policyVersion,
        exceptions.reading,
        exceptions.everything ?? false,
        runId,
        attempt,
        found.nextSeq,
      ]);
      if (closed === 1) return read;
    }
  }

  async #nextSeq(runId: string): Promise<number | undefined> {
    const row = await this.#database.first<{ next_seq: number }>('SELECT next_seq FROM runs WHERE id = ?', [runId]);
    return row?.next_seq;
  }
}

async function frozenCohort(sql: Sql, runId: string): Promise<FrozenCohort | undefined> {
  const known = await sql.first<{ cohort_size: number; cohort_digest: string | null }>(
    'SELECT cohort_size, cohort_digest FROM runs WHERE id = ?',
    [runId],
  );
  return known?.cohort_digest ? { size: known.cohort_size, digest: known.cohort_digest } : undefined;
}

const SKIP = `
  UPDATE attempts ${byIndex('attempts_asset')}
  SET outcome = 'skipped', reason = ?
  WHERE run_id = ? AND attempt = 1 AND outcome = 'pending' AND execution_no IS NULL AND asset_id IN ${TEXTS}`;

async function skipAssets(sql: Sql, runId: string, { assetIds, reason }: { assetIds: readonly string[]; reason: string }): Promise<void> {
  if (assetIds.length === 0) return;
  await sql.run(SKIP, [reason, runId, jsonRows(assetIds)]);
}

/** Replacing lines that stand in a text changes it. */
const HAS_ALIASES_ALREADY = `replace('\n' || attempts.aliases || '\n', '\n' || excluded.aliases || '\n', '')
    <> '\n' || attempts.aliases || '\n'`;

const TAKE_PLACES = `
  UPDATE runs
  SET next_seq = next_seq + ?
  WHERE id = ? AND opening = ? AND ${IS_OPENING}
  RETURNING next_seq, kind`;

/** An asset that comes again adds the name and the other names that it lacks. */
const ADD_ROWS = `
  INSERT INTO attempts (run_id, seq, attempt, asset_id, name, agent_uuid, aliases, outcome, wave)
  SELECT ?, ? + ${placeOf('asset')}, 1, ${textAt('asset', 0)}, ${textAt('asset', 1)}, ${textAt('asset', 2)},
    ${textAt('asset', 3)}, 'pending', ?
  FROM ${rowsGiven('asset')}
  WHERE true
  ON CONFLICT (run_id, asset_id, attempt) DO UPDATE SET name = coalesce(attempts.name, excluded.name),
    agent_uuid = coalesce(attempts.agent_uuid, excluded.agent_uuid),
    aliases = CASE WHEN excluded.aliases IS NULL OR ${HAS_ALIASES_ALREADY} THEN attempts.aliases
      ELSE coalesce(attempts.aliases || '\n', '') || excluded.aliases END
  WHERE excluded.name IS NOT NULL OR excluded.aliases IS NOT NULL`;

async function addRows(sql: Sql, { runId, attempt }: { runId: string; attempt: number }, assets: readonly CohortAsset[]): Promise<boolean> {
  const [row] = await sql.all<{ next_seq: number; kind: string }>(TAKE_PLACES, [assets.length, runId, attempt]);
  if (!row) return false;
  await sql.run(ADD_ROWS, [
    runId,
    row.next_seq - assets.length,
    // A campaign's own rows are in some wave, so that nothing takes them for assets to be sent.
    row.kind === 'campaign' ? 0 : null,
    jsonRows(assets.map((asset) => [asset.assetId, asset.name ?? null, asset.agentUuid ?? null, aliasesOf(asset)])),
  ]);
  return true;
}

/** One a line; null for most, whose other names say nothing that the name does not. A name from outside may hold a line's end. */
function aliasesOf({ name, aliases = [] }: CohortAsset): string | null {
  const others = otherNames(
    name,
    aliases.map((alias) => alias.replace(/\s+/g, ' ')),
  );
  return others.length > 0 ? others.join('\n') : null;
}

const LEAVE_OUT = `
  DELETE FROM attempts ${byIndex('attempts_asset')}
  WHERE run_id = ? AND attempt = 1 AND execution_no IS NULL AND asset_id IN ${TEXTS}`;

/** What exceptions say is applied to what the cohort has now. The cohort, when it is frozen already. */
async function leaveOut(
  sql: Sql,
  runId: string,
  { attempt = 0, excluded = [], untouched }: Exceptions & { untouched: readonly string[] },
): Promise<FrozenCohort | { nextSeq: number } | undefined> {
  const frozen = await frozenCohort(sql, runId);
  if (frozen) return frozen;
  const run = await sql.first<{ nextSeq: number }>(`SELECT next_seq AS nextSeq FROM runs WHERE id = ? AND opening = ? AND ${IS_OPENING}`, [
    runId,
    attempt,
  ]);
  if (!run) return undefined;
  if (excluded.length > 0) {
    await sql.run(LEAVE_OUT, [runId, jsonRows(excluded)]);
  }
  await skipAssets(sql, runId, { assetIds: untouched, reason: NEVER_TOUCH });
  return run;
}

async function digestOf(sql: Sql, runId: string): Promise<{ size: number; digest: string }> {
  const hash = createHash('sha256');
  let size = 0;
  let last = '';
  for (;;) {
    const rows = await sql.all<{ asset_id: string }>(
      'SELECT asset_id FROM attempts WHERE run_id = ? AND asset_id > ? ORDER BY asset_id LIMIT 10000',
      [runId, last],
    );
    for (const { asset_id: assetId } of rows) hash.update(`${assetId}\n`);
    size += rows.length;
    const lastRow = rows.at(-1);
    if (!lastRow) return { size, digest: hash.digest('hex') };
    last = lastRow.asset_id;
  }
}
