// What keeps a whole run from sending, whichever execution it asks for. Asked by the permit, and of the run that holds an asset.
import { mayStart } from '../../domain/calendar/windows.js';
import { peoplesInstants } from '../../domain/clock/steady.js';
import { HOUR_MS } from '../../domain/limits/rate-window.js';
import { median } from '../../domain/polling/cadence.js';
import type { RunRow } from '../rows/run.js';
import type { Sql } from '../sql/database.js';
import { type Refusal, refused } from './refusal.js';

/** Why nothing of the run may be sent now; undefined when its next execution may ask for its turn. */
export async function barOf(sql: Sql, run: RunRow): Promise<Refusal | undefined> {
  return (await standingRefusal(sql, run)) ?? windowRefusal(sql, run, await sql.now());
}

/** What stands until somebody orders otherwise. */
export async function standingRefusal(sql: Sql, run: RunRow): Promise<Refusal | undefined> {
  if (run.stop || run.closing || run.finishedAt !== undefined) return refused('stopped', 0, run.stop?.reason ?? 'the run is finished');
  if (run.admits === 'nothing') return refused('wave-over', 0, 'its wave has ended, or is being rolled back');
  if (run.stale) return refused('stale-ledger', STALE_WAIT_MS, 'the ledger was restored from an older backup');
  if (run.phase === 'awaiting-approval') return refused('paused', 1_000, 'the run is waiting for approval');
  if (run.paused) return refused('paused', 1_000, 'the run is paused');
  if (run.admits === 'held') return refused('wave-held', WAVE_WAIT_MS, 'a person must decide how its wave continues');
  const ledger = await sql.first<{ halted: number; halted_why: string | null; held_why: string | null }>(
    'SELECT halted, halted_why, held_why FROM ledger',
  );
  const haltedWhy = ledger?.held_why ?? ledger?.halted_why ?? '';
  if (ledger?.halted || ledger?.held_why) return refused('halted', 2_000, `all executions are halted${haltedWhy ? `: ${haltedWhy}` : ''}`);
  return undefined;
}

/** Whoever decides tells the campaign, not the step; a permit asks again this soon. */
const WAVE_WAIT_MS = 2_500;
/** Only another ledger file can end it. */
const STALE_WAIT_MS = 30_000;

/** How long an execution of a script is expected to take of which nothing is known. */
export const UNKNOWN_DURATION_MS = 15 * 60_000;
/** A calendar that never opens again, or not within a year, is checked again this often. */
const NEVER_OPENS_WAIT_MS = HOUR_MS;

/** Executions start only inside a window, and only when they can be expected to end inside. */
export async function windowRefusal(sql: Sql, run: RunRow, now: number): Promise<Refusal | undefined> {
  if (!run.calendar) return undefined;
  const script = await sql.first<{ durations: string }>('SELECT durations FROM scripts WHERE script_id = ?', [run.script?.id]);
  const durationsMs = script ? (JSON.parse(script.durations) as { localMs: number }[]).map(({ localMs }) => localMs) : [];
  const expectedMs = Math.min(median(durationsMs) ?? UNKNOWN_DURATION_MS, run.deadlineMs);
  for (const instant of peoplesInstants(now, await sql.wall())) {
    const verdict = mayStart(run.calendar, instant, expectedMs);
    if (!verdict.ok) return refused('window', Math.max(1_000, (verdict.opensAt ?? instant + NEVER_OPENS_WAIT_MS) - instant), verdict.why);
  }
  return undefined;
}
