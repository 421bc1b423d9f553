// When `execute` may be sent: all that can stand against a permit, in the order in which it is told.

import type { ExecuteRefusal } from '../../domain/execution/answer.js';
import { MAX_ASSETS_PER_EXECUTION, MAX_SENDS } from '../../domain/execution/state.js';
import type { ContenderRef } from '../../domain/limits/fair-share.js';
import { HOUR_MS, wholeCap } from '../../domain/limits/rate-window.js';
import { standingRefusal, windowRefusal } from '../leases/bars.js';
import { type Refusal, refused } from '../leases/refusal.js';
import { leaseAgain } from '../leases/unsent.js';
import {
  askTurn,
  contenderOf,
  executionsWanted,
  keptForRuns,
  leaveQueues,
  noteWants,
  queueUp,
  type Resource,
  serve,
} from '../limits/fair-shares.js';
import { policyObjection } from '../policy/objection.js';
import { whyUnread } from '../policy/script-reading.js';
import { whyTicketUnread } from '../policy/ticket-reading.js';
import { takeOutOpenCopies } from '../rows/copies.js';
import { type Execution, readExecution } from '../rows/execution.js';
import { type RunRow, readRun } from '../rows/run.js';
import type { Sql } from '../sql/database.js';
import { fanningOut } from '../tags/barrier.js';
import { admittedAssets } from './batch.js';

/** Membership is read again within the minute before each send (docs/architecture/invariants.md, 23). */
export const TAGS_FRESH_MS = 60_000;

/** While a script is being sent, others of it ask again this soon. */
const SERIAL_WAIT_MS = 50;
/** Whoever has to let others go first asks again this soon: should they not come, the resource is not left idle. */
const TURN_WAIT_MS = 250;
/** The same where executions of the day are kept for runs that do not ask just now. */
const KEPT_WAIT_MS = 5_000;
/** The script's turn is kept this long for the one that has to read the script, the ticket or its tags first. */
const READING_MS = 15_000;
/** A ticket system may be down for hours, and is asked again after half a minute: other runs of the script go in between. */
const TICKET_READING_MS = 8_000;

export interface PermitTerms {
  /** Real milliseconds in which the request must have started. */
  sendWindowMs: number;
  httpTimeoutMs: number;
  /** Added to both before its fate may be resolved. */
  settleMs: number;
  executionsPerDay: number;
  configuredIntervalMs?: number | undefined;
  /** Qualys' clock as last seen in an answer, never estimated: a later one would hide the job from the search for it. */
  serverAt: number;
  /** Which user of which gateway sends. */
  sender: string;
}

interface Asked {
  runId: string;
  executionNo: number;
  fence: number;
  terms: PermitTerms;
}

/** What stands against the permit, with a place in the queue where that is a turn; undefined, and the turn is taken. */
export async function refusalFor(sql: Sql, asked: Asked): Promise<Refusal | undefined> {
  const run = await readRun(sql, asked.runId);
  const execution = await readExecution(sql, asked.runId, asked.executionNo);
  const now = await sql.now();
  if (!run || !execution) return refused('state', 0, `the ledger does not know execution ${asked.executionNo} of ${asked.runId}`);
  if (run.fence !== asked.fence) return refused('fence', 0, 'a newer attempt has taken over');
  const asking: Asking = {
    contender: contenderOf({ ...run, campaignId: run.campaign?.id }),
    now,
    scriptResource: `script ${execution.scriptId}`,
  };
  const barred = (await barredBy(sql, { run, execution, now })) ?? (await withoutLeases(sql, run, execution));
  const isTicket = asking.contender.kind === 'ticket';
  const wants = isTicket && !barred ? await executionsWanted(sql, run, MAX_ASSETS_PER_EXECUTION) : 0;
  const refusal = barred ?? (await turnFor(sql, { asking, run, execution, terms: asked.terms }));
  if (isTicket) await noteWants(sql, { ...asking, wants: refusal ? wants : Math.max(0, wants - 1) });
  if (barred) await leaveQueues(sql, asking.contender, ['day', asking.scriptResource]);
  return refusal;
}

interface Asking {
  contender: ContenderRef;
  now: number;
  scriptResource: Resource;
}

/** The scarce things one after the other: who is kept from one of them does not hold the others up. */
async function turnFor(
  sql: Sql,
  { asking, run, execution, terms }: { asking: Asking; run: RunRow; execution: Execution; terms: PermitTerms },
): Promise<Refusal | undefined> {
  const { scriptResource, contender, now } = asking;
  const noDay = await quotaRefusal(sql, asking, terms);
  if (noDay) {
    await queueUp(sql, { resource: 'day', contender, now, waitMs: noDay.waitMs });
    await leaveQueues(sql, contender, [scriptResource]);
    return noDay;
  }
  const noTurn = await turnRefusal(sql, asking, execution.scriptId);
  if (noTurn) {
    const { waitMs } = noTurn;
    await queueUp(sql, { resource: scriptResource, contender, now, waitMs });
    // A ticket keeps its executions of the day meanwhile, as long as it comes back when it should.
    if (contender.kind === 'ticket') await queueUp(sql, { resource: 'day', contender, now, waitMs });
    else await leaveQueues(sql, contender, ['day']);
    return noTurn;
  }
  // Asked last: readings cost calls, and would be stale again after a wait.
  const unread = scriptRefusal(run, now, await sql.wall()) ?? (await ticketRefusal(sql, run, now)) ?? tagsRefusal(execution, now, terms);
  if (unread) {
    const stayMs = unread.why === 'ticket' ? TICKET_READING_MS : READING_MS;
    await queueUp(sql, { resource: scriptResource, contender, now, waitMs: 0, stayMs });
    return unread;
  }
  // The last of all, with the grant: nothing can come in between.
  const rest = await takeOutOpenCopies(sql, run, execution);
  if (rest !== 'rest') return refused('open-copy', 0, COPIES_OF[rest]);
  await serve(sql, { resource: 'day', contender, now });
  await serve(sql, { resource: scriptResource, contender, now });
  return undefined;
}

/** What has nothing to do with others. */
async function barredBy(
  sql: Sql,
  { run, execution, now }: { run: RunRow; execution: Execution; now: number },
): Promise<Refusal | undefined> {
  const standing = await standingRefusal(sql, run);
  if (standing) return standing;
  if (execution.state !== 'claimed') return refused('state', 0, `execution ${execution.executionNo} is ${execution.state}`);
  if (execution.sends >= MAX_SENDS)
    return refused('sends', 0, `execution ${execution.executionNo} was already sent ${execution.sends} times`);
  const forbidden = await policyObjection(sql, run, execution);
  if (forbidden !== undefined) return refused('policy', POLICY_WAIT_MS, forbidden);
  const closed = await windowRefusal(sql, run, now);
  if (closed) return closed;
  const fanning = await fanningOut(sql, run, execution.executionNo);
  if (fanning !== undefined) return refused('fan-out', FAN_OUT_WAIT_MS, fanning);
  return strictRefusal(sql, run, execution);
}

/** An execution by ids that gave its leases back takes them again, where nobody else has them. By tags they are read first. */
async function withoutLeases(sql: Sql, run: RunRow, execution: Execution): Promise<Refusal | undefined> {
  if (execution.leased || execution.planned !== undefined || (await leaseAgain(sql, run, execution.executionNo))) return undefined;
  return refused('state', 0, `another run has some of the assets of execution ${execution.executionNo}: it is released`);
}

const COPIES_OF = {
  none: 'an earlier copy of the script may still be running on each of its assets',
  'by-ids': 'an earlier copy of the script may still be running on some of the assets that its tags hit',
};

/** Whoever asks leaves alone what policy keeps from scripts, and asks again; else this soon. */
const POLICY_WAIT_MS = 5_000;

/** The watch finds out; a permit asks again this soon. */
const FAN_OUT_WAIT_MS = 2_500;

/** A budget may have become strict, or been spent, since the execution was claimed. */
async function strictRefusal(sql: Sql, run: RunRow, execution: Execution): Promise<Refusal | undefined> {
  if (!run.errorBudget?.strict || execution.sends > 0) return undefined;
  if (execution.planned === undefined && execution.size <= (await admittedAssets(sql, run, execution.executionNo))) return undefined;
  return refused('strict', 0, 'the strict error budget admits fewer assets at once than the execution has');
}

const DAY_MS = 24 * HOUR_MS;

/** The permit whose age frees the next place. */
const OLDEST_IN_QUOTA = `
  SELECT permitted_at
  FROM sends
  WHERE spent = 1 AND permitted_at > ?
  ORDER BY permitted_at
  LIMIT 1 OFFSET ?`;

async function quotaRefusal(sql: Sql, { contender, now }: Asking, terms: PermitTerms): Promise<Refusal | undefined> {
  const day = await sql.first<{ n: number }>('SELECT count(*) AS n FROM sends WHERE spent = 1 AND permitted_at > ?', [now - DAY_MS]);
  const spent = day?.n ?? 0;
  const allowed = wholeCap(terms.executionsPerDay);
  const free = allowed - spent;
  if (free > 0) {
    const left = contender.kind === 'campaign' ? await keptForRuns(sql, now, free) : {};
    const turn = await askTurn(sql, { resource: 'day', contender, now, free, ...left });
    if (turn.kind === 'go') return undefined;
    const waitMs = turn.first?.asking ? TURN_WAIT_MS : KEPT_WAIT_MS;
    return refused('daily-quota', waitMs, `${turn.why}; ${free} of ${allowed} executions left (rolling 24 h)`);
  }
  const opener = await sql.first<{ permitted_at: number }>(OLDEST_IN_QUOTA, [now - DAY_MS, -free]);
  return refused(
    'daily-quota',
    (opener?.permitted_at ?? now) + DAY_MS - now,
    `${spent} of ${terms.executionsPerDay} executions used (rolling 24 h)`,
  );
}

interface ScriptTurn {
  next_execute_at: number;
  last_accepted_at: number | null;
  refused_for: ExecuteRefusal | null;
  refused_words: string | null;
}

/** With Qualys' own words where it refused one. */
function whyNotYet({ refused_for: reason, refused_words: words }: ScriptTurn): string {
  const said = words ? `: ${words}` : '';
  if (reason === 'day') return `Qualys' daily executions are used up${said}`;
  if (reason === 'unexplained') return `Qualys refused the last execution of the script without a reason${said}`;
  return `the script's execution interval has not passed${said}`;
}

/** A request of this script that may be on its way: one at a time. */
const SEND_UNDER_WAY = `
  SELECT 1
  FROM executions
  JOIN sends USING (run_id, execution_no)
  WHERE executions.state = 'permitted' AND executions.script_id = ? AND sends.answered_at IS NULL AND sends.spent = 1
    AND executions.over_at > ?
  LIMIT 1`;

const SCRIPT_TIMES = `
  SELECT next_execute_at, last_accepted_at, refused_for, refused_words
  FROM scripts
  WHERE script_id = ?`;

/** Executes of one script go one after the other, and not sooner than its interval. */
async function turnRefusal(sql: Sql, { contender, now, scriptResource }: Asking, scriptId: string): Promise<Refusal | undefined> {
  const other = await sql.first(SEND_UNDER_WAY, [scriptId, now]);
  if (other) return refused('serialised', SERIAL_WAIT_MS, 'another execution of the script is being sent');
  const script = await sql.first<ScriptTurn>(SCRIPT_TIMES, [scriptId]);
  const nextAt = script?.next_execute_at ?? 0;
  if (script && nextAt > now) return refused(script.refused_for === 'day' ? 'daily-quota' : 'interval', nextAt - now, whyNotYet(script));
  // Without an interval the next may go as soon as this one is answered: equals would only hold each other up by taking turns.
  const isScarce = nextAt > (script?.last_accepted_at ?? 0);
  if (!isScarce && contender.kind === 'ticket') return undefined;
  const turn = await askTurn(sql, { resource: scriptResource, contender, now, free: 1 });
  if (turn.kind === 'go' || (!isScarce && turn.first?.kind === contender.kind)) return undefined;
  const why = `${turn.why}; executions of one script run one after the other`;
  return refused('interval', isScarce ? TURN_WAIT_MS : SERIAL_WAIT_MS, why);
}

function scriptRefusal(run: RunRow, now: number, wall: number): Refusal | undefined {
  const why = whyUnread(run, { now, wall });
  return why === undefined ? undefined : refused('script', 0, why);
}

async function ticketRefusal(sql: Sql, run: RunRow, now: number): Promise<Refusal | undefined> {
  const why = await whyTicketUnread(sql, run, now);
  return why === undefined ? undefined : refused('ticket', 0, why);
}

function tagsRefusal(execution: Execution, now: number, { sendWindowMs }: PermitTerms): Refusal | undefined {
  if (execution.planned === undefined) return undefined;
  const isFresh = execution.tagsReadAt !== undefined && now + sendWindowMs - execution.tagsReadAt <= TAGS_FRESH_MS;
  return execution.leased && isFresh ? undefined : refused('tags', 0, 'the members of its tags must be read first');
}

const LATEST_PERMIT = `
  SELECT permit, answered_at
  FROM sends
  WHERE run_id = ? AND execution_no = ?
  ORDER BY permit DESC
  LIMIT 1`;

export async function permitIsOpen(sql: Sql, runId: string, executionNo: number, permit: number): Promise<boolean> {
  const latest = await sql.first<{ permit: number; answered_at: number | null }>(LATEST_PERMIT, [runId, executionNo]);
  return latest?.permit === permit && latest.answered_at === null;
}
