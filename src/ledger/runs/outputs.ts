import { setImmediate as turn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gunzip, gzip, gzipSync } from 'node:zlib';
import { batches } from '../../domain/basics/batches.js';
import { type Heard, heardText } from '../../domain/verdict/judge.js';
import { addAuditOnce } from '../rows/audit.js';
import { isClosing } from '../rows/late.js';
import type { Database, Sql } from '../sql/database.js';

const compressAside = promisify(gzip);
const decompress = promisify(gunzip);

export interface OwedOutput {
  executionNo: number;
  jobId: string;
  assetId: string;
  attempt: number;
  /** Server time at which the verdict was first seen. */
  verdictAt: number;
}

/** What the output of an attempt says by the rules of its request, with the output where it is to be stored. */
export interface HeardOutput {
  assetId: string;
  attempt: number;
  /** Whose output it is. */
  jobId: string;
  heard: Exclude<Heard, undefined>;
  output?: Buffer | undefined;
}

/** As many as Node has threads for them. Each takes 270 KB until it is done: the 1,000 of a page at once would take as many megabytes. */
const COMPRESSED_AT_ONCE = 4;
/** Most outputs are smaller. To hand one to another thread and back costs two to five times what it costs to compress it: 50 us here. */
const COMPRESSED_HERE = 8 * 1_024;

/** Some milliseconds; a run of 25 assets needs no turn of its own. */
const COMPRESSED_A_TURN = 64;

function compress(output: Buffer): Buffer | Promise<Buffer> {
  return output.length <= COMPRESSED_HERE ? gzipSync(output) : compressAside(output);
}

async function eachCompressed<Item, Packed>(items: readonly Item[], compressed: (item: Item) => Promise<Packed>): Promise<Packed[]> {
  const packed: Packed[] = [];
  for (const part of batches(items, COMPRESSED_AT_ONCE)) {
    packed.push(...(await Promise.all(part.map(compressed))));
    // Those of a large page that are compressed here must not hold the event loop all together.
    if (packed.length % COMPRESSED_A_TURN === 0) await turn();
  }
  return packed;
}

const STORE = `
  INSERT INTO outputs (run_id, asset_id, attempt, bytes, gzip)
  VALUES (?, ?, ?, ?, ?)
  ON CONFLICT (run_id, asset_id, attempt) DO NOTHING`;

const NOTE_STORED = `
  UPDATE attempts
  SET output = 'stored', output_bytes = ?
  WHERE run_id = ? AND asset_id = ? AND attempt = ?`;

async function storeOne(
  sql: Sql,
  runId: string,
  { assetId, attempt, output, gzip: blob }: { assetId: string; attempt: number; output: Buffer; gzip: Buffer },
): Promise<void> {
  await sql.run(STORE, [runId, assetId, attempt, output.length, blob]);
  await sql.run(NOTE_STORED, [output.length, runId, assetId, attempt]);
}

/** Those of one execution come together: one question has them. */
const OWED = `
  SELECT execution_no, job_id, asset_id, attempt, status_since
  FROM attempts
  WHERE run_id = ? AND output = 'owed' AND execution_no IS NOT NULL
  ORDER BY execution_no
  LIMIT ?`;

const HEAR = `
  UPDATE attempts
  SET heard = ?, heard_job = ?
  WHERE run_id = ? AND asset_id = ? AND attempt = ? AND (heard IS NULL OR (heard_job IS NOT NULL AND heard_job <> ?))`;

const NOTE_ABSENT = `
  UPDATE attempts
  SET output = 'absent'
  WHERE run_id = ? AND asset_id = ? AND attempt = ? AND output = 'owed'`;

/** Script output, compressed, beside the rows of the assets. It is the operator's data and is stored only as asked. */
export class Outputs {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async owed(runId: string, limit: number): Promise<OwedOutput[]> {
    const rows = await this.#database.all<{
      execution_no: number;
      job_id: string;
      asset_id: string;
      attempt: number;
      status_since: number | null;
    }>(OWED, [runId, limit]);
    return rows.map((row) => ({
      executionNo: row.execution_no,
      jobId: row.job_id,
      assetId: row.asset_id,
      attempt: row.attempt,
      verdictAt: row.status_since ?? 0,
    }));
  }

  /** Stores outputs of asset attempts; storing the same again changes nothing. */
  async store(runId: string, outputs: readonly { assetId: string; attempt: number; output: Buffer }[]): Promise<void> {
    const packed = await eachCompressed(outputs, async (item) => ({ ...item, gzip: await compress(item.output) }));
    await this.#database.transaction(async (sql) => {
      if (packed.length > 0 && (await isClosing(sql, runId))) {
        const named = packed.map(({ assetId, attempt }) => `${assetId} (attempt ${attempt})`).join(', ');
        return addAuditOnce(sql, runId, { action: 'late-output', detail: `not stored, as the run is closed: ${named}` });
      }
      for (const item of packed) await storeOne(sql, runId, item);
    });
  }

  /**
   * What outputs say, once for each attempt and job: what was heard first of a job stands, and of another job it says nothing. Of a run
   * that is closing nothing is heard any more.
   */
  async hear(runId: string, heard: readonly HeardOutput[]): Promise<void> {
    if (heard.length === 0) return;
    const packed = await eachCompressed(heard, async (item) => ({ ...item, gzip: item.output && (await compress(item.output)) }));
    await this.#database.transaction(async (sql) => {
      if (await isClosing(sql, runId)) return;
      for (const { assetId, attempt, jobId, output, gzip: blob, heard: said } of packed) {
        const first = await sql.run(HEAR, [heardText(said), jobId, runId, assetId, attempt, jobId]);
        if (first > 0 && output && blob) await storeOne(sql, runId, { assetId, attempt, output, gzip: blob });
      }
    });
  }

  /** Qualys has no output for these, and the time in which it could still come is over. */
  async markAbsent(runId: string, attempts: readonly { assetId: string; attempt: number }[]): Promise<void> {
    await this.#database.transaction(async (sql) => {
      if (await isClosing(sql, runId)) return;
      for (const { assetId, attempt } of attempts) {
        await sql.run(NOTE_ABSENT, [runId, assetId, attempt]);
      }
    });
  }

  /** The stored output of an asset's last attempt that has one. */
  async read(runId: string, assetId: string): Promise<Buffer | undefined> {
    const row = await this.#database.first<{ gzip: ArrayBuffer }>(
      'SELECT gzip FROM outputs WHERE run_id = ? AND asset_id = ? ORDER BY attempt DESC LIMIT 1',
      [runId, assetId],
    );
    return row && decompress(Buffer.from(row.gzip));
  }
}
