// The one small interface between the ledger and a database. SQLite implements it (ledger/sqlite/driver.ts); PostgreSQL joins here.
// Statements are written in the SQL both share, with `?` for parameters, and by the names of dialect.ts where there is none: an
// implementation renders what it is given.

import { wellFormed } from '../../domain/basics/well-formed.js';

export type SqlValue = string | number | null | Buffer;
/** What a statement may be given; `ledger/sqlite/bound.ts` converts it, and refuses what no database can store. */
export type SqlParameter = SqlValue | boolean | undefined;

export interface Sql {
  /** Rows of a query, or of a statement with RETURNING. */
  all<Row>(sql: string, parameters?: readonly SqlParameter[]): Promise<Row[]>;
  /** The first row, if any. */
  first<Row>(sql: string, parameters?: readonly SqlParameter[]): Promise<Row | undefined>;
  /** Runs a statement; the number of rows it changed. */
  run(sql: string, parameters?: readonly SqlParameter[]): Promise<number>;
  /**
   * The ledger's clock, epoch milliseconds: the one clock that all workers of a ledger share. It never goes back, nor does it leap ahead.
   */
  now(): Promise<number>;
  /** The machine's clock, however it was set: for what is told by people's clocks. */
  wall(): Promise<number>;
}

export interface TransactionOptions {
  /** False where it may be lost with the machine: it is answered before it is on the disk, where it is soon. What follows it is not. */
  durable?: boolean | undefined;
}

/** What it tells, of reads as well, is on the disk: a power cut undoes nothing of it, whoever wrote it. */
export interface Database extends Sql {
  /** Runs `work` in one write transaction: all of it, or nothing. Other work of this process waits meanwhile. */
  transaction<T>(work: (sql: Sql) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /**
   * False once another ledger stands where this one was opened, or the disk has not kept what was written: then nothing more is written to
   * it.
   */
  isInPlace(): boolean;
  close(): Promise<void>;
}

/**
 * Rows as one parameter (`rowsGiven`, `TEXTS` and the like in dialect.ts). SQLite makes of an escaped lone surrogate bytes that are no
 * UTF-8, and libsql ends the whole process when it reads them back; a NUL would end its text early.
 */
export function jsonRows(rows: unknown): string {
  return JSON.stringify(rows).replace(/\\\\|\\u(?:d[89a-f][0-9a-f]{2}|0000)/g, (escaped) => (escaped === '\\\\' ? escaped : '\ufffd'));
}

/** The same of one text, as it will be read back. */
export function storableText(text: string): string {
  return wellFormed(text);
}

/** True for the error of a broken UNIQUE or PRIMARY KEY constraint. */
export function isUniqueViolation(error: unknown): boolean {
  return error instanceof Error && /UNIQUE constraint failed|duplicate key value/i.test(error.message);
}

/** The ledger file cannot be used: missing where it must exist, damaged, or of a version this build does not know. */
export class LedgerUnusable extends Error {
  override readonly name = 'LedgerUnusable';
}
