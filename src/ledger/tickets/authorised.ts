// One authorisation of a ticket is one run, also where an event and a later reading of the ticket give it two ids: the first of them that
// is registered here is the run, for good.
import type { TicketStart } from '../../domain/run/ticket-start.js';
import type { Database, Sql } from '../sql/database.js';

const RUNS_OF_TICKET = `
  SELECT id
  FROM runs
  WHERE id >= ? AND id < ? AND kind IN ('run', 'campaign')
  ORDER BY id`;

export class TicketRuns {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Ids of the runs that the ticket has started, whatever became of them. `prefix`: of their ids, with the slash behind the ticket. */
  of(prefix: string): Promise<string[]> {
    return runsOf(this.#database, prefix);
  }
}

/** The run that has this one's authorisation, or a later one of the same ticket; undefined where this one may begin. */
export async function rivalOf(sql: Sql, runId: string, { counted, single }: TicketStart): Promise<string | undefined> {
  if (!counted && !single) return undefined;
  const [prefix, generation] = partsOf(runId);
  const others = (await runsOf(sql, prefix)).filter((id) => id !== runId);
  if (single) return others[0];
  return isCount(generation) ? others.find((id) => isCount(partsOf(id)[1]) && BigInt(partsOf(id)[1]) >= BigInt(generation)) : undefined;
}

/** What comes before the generation, which is percent-encoded and has no slash. */
export function partsOf(runId: string): [prefix: string, generation: string] {
  const at = runId.lastIndexOf('/') + 1;
  return [runId.slice(0, at), runId.slice(at)];
}

/**
 * The authorisation of the ticket that the id names; undefined of an id that somebody has made up, as a run may name a ticket that has not
 * started it.
 */
export function generationIn(runId: string, ticketId: string): string | undefined {
  const [, ticket, generation, ...more] = runId.split('/');
  if (generation === undefined || more.length > 0) return undefined;
  try {
    return decodeURIComponent(ticket ?? '') === ticketId ? decodeURIComponent(generation) : undefined;
  } catch {
    return undefined;
  }
}

async function runsOf(sql: Sql, prefix: string): Promise<string[]> {
  // '0' is the character behind '/'. What follows from a run has an id below its own.
  const rows = await sql.all<{ id: string }>(RUNS_OF_TICKET, [prefix, `${prefix.slice(0, -1)}0`]);
  return rows.map(({ id }) => id).filter((id) => !id.slice(prefix.length).includes('/'));
}

function isCount(generation: string): boolean {
  return /^[0-9]{1,18}$/.test(generation);
}
