// When to search for the job of an execution that has none yet. The jobs of its script are walked from the acceptance on, so looking
// for one that never appears costs more calls the longer it is missing.

export interface JobSearchFacts {
  /** All by the ledger's clock. */
  now: number;
  acceptedAt: number;
  /** When it was searched for last; undefined when never. */
  soughtAt?: number | undefined;
  /** Instants at which its absence decides something: the deadline, and the end of the late watch. */
  decidesAt: readonly number[];
}

/** A search costs one call where the job is young; each further one waits until the age has grown by this share. */
const GROWTH = 1.25;

export function jobSearchIsDue({ now, acceptedAt, soughtAt, decidesAt }: JobSearchFacts): boolean {
  if (soughtAt === undefined) return true;
  if (decidesAt.some((instant) => soughtAt < instant && instant <= now)) return true;
  return now - acceptedAt >= (soughtAt - acceptedAt) * GROWTH;
}
