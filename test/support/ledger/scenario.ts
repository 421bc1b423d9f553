// What happens to a ledger in life and would take a test long to reach: time that passes, verdicts that came, waits that were told.
import type { WindowCalendar } from '../../../src/domain/calendar/windows.js';
import type { CampaignStepName } from '../../../src/domain/campaign/step.js';
import type { Ledger } from '../../../src/ledger/index.js';
import { add, type Changes, overwrite, read, shift, type Where } from './rows.js';

/** What was found of attempts: of all, or of those like `where`. */
export async function find(ledger: Ledger, found: Changes<'attempts'>, where: Where<'attempts'> = {}): Promise<void> {
  await overwrite(ledger, 'attempts', where, found);
}

/** A further attempt at an asset, not sent yet. */
export async function tryAgain(ledger: Ledger, runId: string, assetId: string): Promise<void> {
  const [before] = (await read(ledger, 'attempts', { runId, assetId })).reverse();
  if (!before) throw new Error(`${runId} has no asset ${assetId}`);
  const { seq, attempt } = before;
  await overwrite(ledger, 'attempts', { runId, assetId }, { last: 0 });
  await add(ledger, 'attempts', { runId, seq, attempt: attempt + 1, assetId, outcome: 'pending' });
}

/** A permit was granted, and is not answered. */
export function grant(
  ledger: Ledger,
  { permittedAt, ...execution }: { runId: string; executionNo: number; permittedAt: number },
): Promise<void> {
  return add(ledger, 'sends', { ...execution, permit: 1, fence: 1, permittedAt, sendBy: permittedAt });
}

/** As if all that was permitted had been so long ago that no request of it can be on its way. */
export async function letRequestsEnd(ledger: Ledger): Promise<void> {
  await shift(ledger, 'executions', { sendBy: -100_000, overAt: -100_000, resolveAt: -100_000 });
}

/** The script may not be executed before this moment of the ledger's clock. */
export async function keepScriptWaiting(ledger: Ledger, scriptId: string, until: number): Promise<void> {
  const known = await overwrite(ledger, 'scripts', { scriptId }, { nextExecuteAt: until });
  if (known === 0) await add(ledger, 'scripts', { scriptId, nextExecuteAt: until });
}

export async function letIntervalsEnd(ledger: Ledger): Promise<void> {
  await overwrite(ledger, 'scripts', {}, { nextExecuteAt: 0 });
}

/** The windows of a run's campaign; none: always open. */
export async function giveCalendar(ledger: Ledger, runId: string, calendar: WindowCalendar | undefined): Promise<void> {
  await overwrite(ledger, 'runs', { id: runId }, { calendar: calendar === undefined ? null : JSON.stringify(calendar) });
}

/** Makes it a run of another script, which the ledger itself refuses once the cohort is frozen. */
export async function giveScript(ledger: Ledger, runId: string, scriptId: string): Promise<void> {
  await overwrite(ledger, 'runs', { id: runId }, { scriptId });
}

/** Two runs are never opened in the same moment: this one is the newest. */
export async function openLast(ledger: Ledger, runId: string): Promise<void> {
  const opened = (await read(ledger, 'runs')).map(({ createdAt }) => createdAt);
  await overwrite(ledger, 'runs', { id: runId }, { createdAt: Math.max(...opened) + 1 });
}

export async function makeCampaign(ledger: Ledger, runId: string): Promise<void> {
  await overwrite(ledger, 'runs', { id: runId }, { kind: 'campaign' });
}

export async function makeStep(ledger: Ledger, runId: string, of: { campaignId: string; step: CampaignStepName }): Promise<void> {
  await overwrite(ledger, 'runs', { id: runId }, { kind: 'step', wave: 1, ...of });
}

/** A step ends without its workflow: its rows stay as they are. */
export async function finish(ledger: Ledger, where: Where<'runs'>): Promise<void> {
  await overwrite(ledger, 'runs', where, { finishedAt: 1 });
}

/** As if these runs were older. */
export async function age(
  ledger: Ledger,
  ms: number,
  {
    of = ['createdAt'],
    where = {},
  }: {
    of?: readonly ('createdAt' | 'startedAt' | 'finishedAt' | 'missingSince' | 'scriptCheckedAt' | 'ticketCheckedAt' | 'ticketGoneSince')[];
    where?: Where<'runs'>;
  } = {},
): Promise<void> {
  await shift(ledger, 'runs', Object.fromEntries(of.map((column) => [column, -ms])), where);
}

/** As if every call of the log, and what was learned from them, were older. */
export async function ageCalls(ledger: Ledger, ms: number): Promise<void> {
  await shift(ledger, 'calls', { at: -ms, holdsUntil: -ms });
  await shift(ledger, 'limits', { observedAt: -ms, blockedUntil: -ms, concurrencyUntil: -ms });
}

/** As if all that is shared had happened that much earlier: calls, permits, intervals and turns. */
export async function ageBudget(ledger: Ledger, ms: number): Promise<void> {
  await ageCalls(ledger, ms);
  await shift(ledger, 'sends', { permittedAt: -ms });
  await shift(ledger, 'scripts', { nextExecuteAt: -ms, lastAcceptedAt: -ms });
  await shift(ledger, 'turns', { servedAt: -ms, asksFrom: -ms, asksUntil: -ms, notedAt: -ms });
}

/** As if every wait before the next write into a ticket were over; `turns`: and whoever had taken one were gone for long. */
export async function letTicketWaitsEnd(ledger: Ledger, { turns = false } = {}): Promise<void> {
  await shift(ledger, 'ticketTurns', { freeAt: -3_600_000, ...(turns ? { heldUntil: -3_600_000 } : {}) });
  await shift(ledger, 'ticketPosts', { dueAt: -3_600_000 }, { endedAt: null });
}

export { shift };
