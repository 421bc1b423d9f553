/**
 * Where a text is sought in ids and names of a run. PostgreSQL needs none: its index on the columns (`pg_trgm`) serves the statement that
 * compares them.
 */
export interface NameIndex {
  /**
   * Ranges of places, from one to another and in their order, outside of which no row behind `after` holds the text. Undefined where the
   * index cannot tell, or could but names so many that reading all rows is no worse.
   */
  rangesHolding(runId: string, text: string, after: number): Promise<[from: number, to: number][] | undefined>;
  /** Takes in some of what it lacks, a few milliseconds' worth. False when it lacks nothing. */
  fill(): Promise<boolean>;
}
