// Which rows of a large run may hold a text: FTS5 with trigrams, over blocks of 32 rows. A common trigram is in most blocks, so there must be
// few of those, and who reads a block compares each of its rows. Over 1,000,000 rows it takes 4 to 19 bytes and 2 to 9 µs a row, and is 10
// times faster to ask than an index of rows (docs/benchmarks.md).
//
// It is filled behind the run's back once the cohort is frozen: rows come then only as further attempts at the same place, with a name that
// is in, and a name that changes puts its block among those that are behind (migration 014), which are read until they are in.
import { wellFormed } from '../../domain/basics/well-formed.js';
import type { Database, Sql } from '../sql/database.js';
import type { NameIndex } from '../sql/name-index.js';

const ROWS_A_BLOCK = 32;
/** Those of a run have numbers of their own in the index, 2^26 behind the number of the run: more rows than a run can have. */
const BLOCKS_A_RUN = 67_108_864;
/** As the index of migration 014 says: fewer rows are read in 2 ms. */
const LARGE = 5_000;
/** 16,000 rows are read in about as long as the index needs to name their blocks. */
const BLOCKS_AT_MOST = 500;
/** Each is a list to be read: more of them make the answer slower, and hardly more exact. */
const TRIGRAMS_AT_MOST = 8;
const BLOCKS_A_TURN = 16;

/** Made beside the tables, and not by a migration: a library without FTS5 has all but this. */
export async function createNameIndex(sql: Sql): Promise<void> {
  try {
    if (await sql.first("SELECT 1 AS found FROM sqlite_master WHERE name = 'name_index'")) return;
    await sql.run(`CREATE VIRTUAL TABLE name_index USING fts5(names, content='', contentless_delete=1, detail=none, tokenize='trigram')`);
    // What was noted of another one is not true of this one.
    await sql.run('DELETE FROM name_index_runs');
    await sql.run('DELETE FROM name_index_behind');
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/** FTS5, or its trigrams, or what it needs to forget. */
function isMissing(error: unknown): boolean {
  return (
    error instanceof Error && /no such (module|tokenizer|table)|unrecognized option|error in tokenizer constructor/i.test(error.message)
  );
}

const WHOLE = 'SELECT number FROM name_index_runs WHERE run_id = ? AND whole = 1';
/** Both in one statement: a block that is taken in meanwhile is in one of them. */
const HOLDING = `
  SELECT block
  FROM (
    SELECT block
    FROM name_index_behind
    WHERE run_id = ? AND block >= CAST(? AS INTEGER)
    UNION
    SELECT block
    FROM (
      SELECT rowid - CAST(? AS INTEGER) AS block
      FROM name_index
      WHERE name_index MATCH ? AND rowid BETWEEN CAST(? AS INTEGER) AND CAST(? AS INTEGER)
      ORDER BY rowid
      LIMIT ${BLOCKS_AT_MOST + 1}
    )
  )
  ORDER BY block
  LIMIT ${BLOCKS_AT_MOST + 1}`;

const BEHIND = `
  SELECT behind.run_id AS runId, behind.block, runs.number, runs.filled
  FROM (SELECT run_id, block FROM name_index_behind LIMIT ${BLOCKS_A_TURN}) AS behind
  JOIN name_index_runs AS runs ON runs.run_id = behind.run_id`;

const UNFINISHED = 'SELECT run_id AS runId, number, filled FROM name_index_runs WHERE whole = 0 ORDER BY number LIMIT 1';
/** The newest first: the old ones of a ledger that had no index come behind what people look at. */
const BEGIN = `
  INSERT INTO name_index_runs (run_id)
  SELECT id
  FROM runs
  WHERE cohort_size > ? AND cohort_digest IS NOT NULL AND NOT EXISTS (SELECT 1 FROM name_index_runs WHERE run_id = runs.id)
  ORDER BY created_at DESC
  LIMIT 1
  RETURNING run_id AS runId, number, filled`;

/** The names of all attempts: the last one may be taken back, and the name of the one before be shown again. */
const TAKE_IN = `
  INSERT INTO name_index (rowid, names)
  SELECT CAST(? AS INTEGER) + seq / ${ROWS_A_BLOCK}, group_concat(asset_id || ' ' || coalesce(name, ''), ' ')
  FROM attempts
  WHERE run_id = ? AND seq BETWEEN ? AND ?
  GROUP BY seq / ${ROWS_A_BLOCK}`;

interface FilledRun {
  runId: string;
  number: number;
  filled: number;
}

/** Of a ledger on SQLite. */
export class SqliteNameIndex implements NameIndex {
  readonly #database: Database;
  readonly #large: number;

  constructor(database: Database, large = LARGE) {
    this.#database = database;
    this.#large = large;
  }

  async rangesHolding(runId: string, text: string, after: number): Promise<[number, number][] | undefined> {
    const query = queryFor(text);
    if (query === undefined) return undefined;
    const run = await this.#database.first<{ number: number }>(WHOLE, [runId]);
    if (!run) return undefined;
    const block = Math.max(blockOf(after + 1), 0);
    if (block >= BLOCKS_A_RUN) return [];
    const [zero, first, last] = [0, block, BLOCKS_A_RUN - 1].map((of) => numberOf(run, of));
    try {
      const found = await this.#database.all<{ block: number }>(HOLDING, [runId, block, zero, query, first, last]);
      return found.length > BLOCKS_AT_MOST ? undefined : found.map((one) => rangeOf(one.block));
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  async fill(): Promise<boolean> {
    try {
      // Nothing rests on it: what a power cut undoes is taken in again.
      return await this.#database.transaction(async (sql) => (await catchUp(sql)) || (await takeInMore(sql, this.#large)), {
        durable: false,
      });
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }
}

/** False where nothing was behind. */
async function catchUp(sql: Sql): Promise<boolean> {
  const behind = await sql.all<FilledRun & { block: number }>(BEHIND);
  for (const { block, ...run } of behind) {
    const [from, to] = rangeOf(block);
    if (from < run.filled) {
      await sql.run('DELETE FROM name_index WHERE rowid = CAST(? AS INTEGER)', [numberOf(run, block)]);
      await sql.run(TAKE_IN, [numberOf(run, 0), run.runId, from, to]);
    }
    await sql.run('DELETE FROM name_index_behind WHERE run_id = ? AND block = ?', [run.runId, block]);
  }
  return behind.length > 0;
}

/** False where all of every large run is in. */
async function takeInMore(sql: Sql, large: number): Promise<boolean> {
  const run = (await sql.first<FilledRun>(UNFINISHED)) ?? (await sql.first<FilledRun>(BEGIN, [large]));
  if (!run) return false;
  const next = await sql.first<{ seq: number }>('SELECT seq FROM attempts WHERE run_id = ? AND seq >= ? ORDER BY seq LIMIT 1', [
    run.runId,
    run.filled,
  ]);
  if (!next) {
    await sql.run('UPDATE name_index_runs SET whole = 1 WHERE run_id = ?', [run.runId]);
    return true;
  }
  const [from] = rangeOf(blockOf(next.seq));
  const end = from + BLOCKS_A_TURN * ROWS_A_BLOCK;
  await sql.run(TAKE_IN, [numberOf(run, 0), run.runId, from, end - 1]);
  await sql.run('UPDATE name_index_runs SET filled = ? WHERE run_id = ?', [end, run.runId]);
  return true;
}

const blockOf = (place: number): number => Math.floor(place / ROWS_A_BLOCK);
const rangeOf = (block: number): [from: number, to: number] => [block * ROWS_A_BLOCK, (block + 1) * ROWS_A_BLOCK - 1];
/** Of a block, in the index. */
const numberOf = ({ number }: Pick<FilledRun, 'number'>, block: number): number => number * BLOCKS_A_RUN + block;

/**
 * All trigrams of the text, or as many as are worth asking for; undefined where it has none. FTS5 folds case in more letters than LIKE does,
 * so it misses none.
 */
function queryFor(text: string): string | undefined {
  const characters = Array.from(wellFormed(text));
  const count = characters.length - 2;
  if (count < 1) return undefined;
  const trigrams = new Set<string>();
  const stride = Math.ceil(count / TRIGRAMS_AT_MOST);
  for (let at = 0; at < count; at += stride) trigrams.add(characters.slice(at, at + 3).join(''));
  return Array.from(trigrams, (trigram) => `"${trigram.replaceAll('"', '""')}"`).join(' AND ');
}
