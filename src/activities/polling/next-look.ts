// When a run looks at what it has in flight, and that runs which are due together wait for the look of the first, which reads for all.
import { setTimeout as sleep } from 'node:timers/promises';
import { mean, pollDelayMs } from '../../domain/polling/cadence.js';
import { fedInFlight } from '../../domain/polling/in-flight.js';
import { OUTPUT_GRACE_MS } from '../../domain/polling/settle.js';
import type { RunRow } from '../../ledger/rows/run.js';
import type { PollDependencies } from '../dependencies.js';

/** Milliseconds until the next look at what the run has in flight. */
export async function nextLookMs(ledger: PollDependencies['ledger'], run: RunRow): Promise<number> {
  const { durations } = await ledger.scripts.memory(run.script?.id ?? '');
  const accepted = await ledger.executions.inState(run.id, ['accepted']);
  const { at: now, waiting, unsent, etaMs } = await ledger.runs.snapshot(run.id);
  const withSlot = accepted.filter(({ slotFreedAt }) => slotFreedAt === undefined);
  const watched = withSlot.length > 0 ? withSlot : accepted;
  const firstAt = Math.min(now, ...watched.map(({ acceptedAt = now }) => acceptedAt));
  return pollDelayMs({
    floorMs: run.request.poll.interval,
    inFlight: watched.map(({ acceptedAt = now, polledAt = acceptedAt }) => ({
      ageMs: now - acceptedAt,
      openAtMs: Math.max(0, polledAt - acceptedAt),
    })),
    sinceLookMs: now - Math.max(firstAt, await ledger.verdicts.lastPollAt(run.id)),
    assetsWait: waiting > 0 || unsent > 0,
    durationsMs: durations.map(({ localMs }) => localMs),
    clockRate: await ledger.serverClock.rate(),
    budget: { ...(await ledger.calls.left()), ...(await ledger.runs.load()), remainingMs: etaMs },
  });
}

/** Of a run that has left it to the call budget: how many executions that can feed now. */
export async function feedSlots(ledger: PollDependencies['ledger'], run: RunRow): Promise<void> {
  if (!run.autoInFlight) return;
  const { durations } = await ledger.scripts.memory(run.script?.id ?? '');
  const budget = { ...(await ledger.calls.left()), ...(await ledger.runs.load()) };
  await ledger.runs.setInFlight(run.id, fedInFlight(budget, mean(durations.map(({ localMs }) => localMs))));
}

/** Writes down when the next look is due, and returns how long that is from now. */
export async function planNextLook(
  ledger: PollDependencies['ledger'],
  { run, awaitsOutput }: { run: RunRow; awaitsOutput: boolean },
): Promise<number> {
  await feedSlots(ledger, run);
  const cadenceMs = await nextLookMs(ledger, run);
  const waitMs = awaitsOutput ? Math.min(cadenceMs, await outputDelay(ledger, run)) : cadenceMs;
  await ledger.runs.setNextPoll(run.id, (await ledger.database.now()) + waitMs);
  return waitMs;
}

/** Its verdict waits for an output that mostly comes within seconds: four looks in the time that it has. */
async function outputDelay(ledger: PollDependencies['ledger'], run: RunRow): Promise<number> {
  return Math.max(run.request.poll.interval, OUTPUT_GRACE_MS / 4 / (await ledger.serverClock.rate()));
}

/** A look that takes longer holds up no other: a gateway that does not answer does not answer anybody. */
const LONGEST_TURN_MS = 20_000;
const turns = new WeakMap<object, Promise<unknown>>();

/**
 * One look of a ledger at a time in a process. In another process it may be made at the same time, and is a call too many: what is written
 * by both is ordered by the numbers of the polls.
 */
export async function inTurn<T>(ledger: object, look: () => Promise<T>): Promise<T> {
  const before = turns.get(ledger);
  const done = (async () => {
    const ends = new AbortController();
    await Promise.race([before, sleep(LONGEST_TURN_MS, undefined, { signal: ends.signal }).catch(() => undefined)]);
    ends.abort();
    return look();
  })();
  // Whoever waits for it does not fail with it.
  const settled = done.catch(() => undefined);
  turns.set(ledger, settled);
  return done;
}
