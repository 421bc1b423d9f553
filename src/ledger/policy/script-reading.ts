// What was approved is what runs: a script may be changed at Qualys while a run waits, so it is read again before the first send behind
// every wait. Which waits those are is counted, not timed: a reading is good while none was needed since it began.

import { windowState } from '../../domain/calendar/windows.js';
import { peoplesInstants } from '../../domain/clock/steady.js';
import type { RunRow } from '../rows/run.js';
import type { Database, Sql } from '../sql/database.js';

/** Where nothing is waited for, a reading is trusted this long: four calls an hour of a run that lasts. */
const TRUSTED_MS = 15 * 60_000;

/** A reading that has begun. Every attempt at one has its own. */
export interface Reading {
  at: number;
  needed: number;
}

/** Why the script has to be read before anything is sent; undefined while its last reading is good. */
export function whyUnread(
  { scriptReading: { at, read, needed }, calendar }: RunRow,
  { now, wall }: { now: number; wall: number },
): string | undefined {
  if (read < needed) return 'the script must be read again: the run has waited since it was last read';
  // A reading of the future is one by a clock that was set back: nobody knows its age.
  if (at === undefined || now < at || now - at >= TRUSTED_MS) return 'the script must be read again: it was last read too long ago';
  if (!calendar || at === now) return undefined;
  const isSame = peoplesInstants(now, wall).every((instant) => {
    const opening = windowState(calendar, instant - (now - at));
    return opening.open && (opening.closesAt === undefined || opening.closesAt > instant);
  });
  return isSame ? undefined : 'the script must be read again: a window has opened since it was last read';
}

/** Of a campaign all steps under way need it. */
const NEED_READING = `
  UPDATE runs
  SET script_needed = script_needed + 1
  WHERE (id = ? OR campaign_id = ?) AND finished_at IS NULL`;

/** From now on nothing of the run, nor of any step of it, is sent before its script has been read. */
export async function needReading(sql: Sql, runId: string): Promise<void> {
  await sql.run(NEED_READING, [runId, runId]);
}

/** The same for every run of the ledger. */
export async function needReadings(sql: Sql): Promise<void> {
  await sql.run('UPDATE runs SET script_needed = script_needed + 1 WHERE finished_at IS NULL');
}

const TAKE_FROM_PARENT = `
  UPDATE runs
  SET (script_checked_at, script_needed, script_read) = (SELECT script_checked_at, script_needed, script_read
    FROM runs AS parent WHERE parent.id = ?)
  WHERE id = ? AND cohort_digest IS NULL AND finished_at IS NULL`;

export class ScriptReadings {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** To be called before the script is asked for: whatever is needed from here on, this reading is not it. */
  async begin(runId: string): Promise<Reading> {
    const row = await this.#database.first<{ needed: number }>('SELECT script_needed AS needed FROM runs WHERE id = ?', [runId]);
    return { at: await this.#database.now(), needed: row?.needed ?? 0 };
  }

  /** The script was what was approved. Once a later reading has answered a later need, an earlier one changes nothing. */
  async end(runId: string, { at, needed }: Reading): Promise<void> {
    await this.#database.run('UPDATE runs SET script_checked_at = ?, script_read = ? WHERE id = ? AND script_read <= ?', [
      at,
      needed,
      runId,
      needed,
    ]);
  }

  /** A step begins with what its campaign has read: a campaign reads all its scripts before each step. */
  async inherit(stepId: string, campaignId: string): Promise<void> {
    await this.#database.run(TAKE_FROM_PARENT, [campaignId, stepId]);
  }
}
