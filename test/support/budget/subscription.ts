// A subscription in virtual time: runs with slots, executions that take what they take, and one log of calls. When to look is what the
// product decides (src/domain/polling/cadence.ts); everything around it is as simple as it can be.
import { type CallBudget, pollDelayMs } from '../../../src/domain/polling/cadence.js';
import { DEFAULT_IN_FLIGHT, fedInFlight } from '../../../src/domain/polling/in-flight.js';
import type { InFlightLimit } from '../../../src/domain/run/command.js';

export interface Subscription {
  runs: number;
  /** Of each run. */
  executions: number;
  /** Of each run. */
  slots: InFlightLimit;
  callsPerHour: number;
  /** What the n-th execution of all takes. */
  durationMs: (n: number) => number;
  floorMs?: number;
  /** Between two calls that start: two at once, each half as long. */
  callMs?: number;
  /** What the script took before these runs. */
  learnedMs?: readonly number[];
  /** Ends are known without a look: what nobody can do better than. */
  knowing?: boolean;
  /** A look of one run reads what the others have in flight, too. */
  shared?: boolean;
}

export interface Played {
  wallMs: number;
  calls: number;
  executions: number;
  looks: number;
  /** Until the last asset is sent, of the calls that the sliding hour would have given. */
  whileAssetsWait: { ms: number; calls: number; offered: number };
  /** From the end of an execution to the look that finds it. */
  lateMs: { mean: number; most: number };
  usualMs: number;
}

const HOUR = 3_600_000;
const OPENING_CALLS = 2;

interface Flight {
  acceptedAt: number;
  endsAt: number;
  lookedAt: number | undefined;
}

interface Run {
  slots: number;
  /** Undefined until it is worked out again: in between, nothing that it goes by has changed. */
  dueAt: number | undefined;
  unsent: number;
  opening: number;
  flights: Flight[];
  lookedAt: number | undefined;
  servedAt: number;
}

export function play(subscription: Subscription): Played {
  const { slots, callsPerHour, durationMs, floorMs = 30_000, callMs = 500, knowing = false, shared = true } = subscription;
  const runs = Array.from({ length: subscription.runs }, (_, index): Run => {
    return {
      dueAt: undefined,
      unsent: subscription.executions,
      slots: slots === 'auto' ? DEFAULT_IN_FLIGHT : slots,
      opening: OPENING_CALLS,
      flights: [],
      lookedAt: undefined,
      servedAt: index - subscription.runs,
    };
  });
  let durations = [...(subscription.learnedMs ?? [])];
  const log: number[] = [];
  const late: number[] = [];
  const took: number[] = [];
  let [now, looks, sent, lastSentAt] = [0, 0, 0, 0];

  const usedSince = (from: number): number => log.length - lowerBound(log, from);
  const left = (): number => callsPerHour - usedSince(now - HOUR + 1);
  const usualMs = (): number | undefined => (durations.length === 0 ? undefined : average(durations));
  const budget = (): CallBudget => ({
    left: left(),
    perWindow: callsPerHour,
    windowMs: HOUR,
    unsentExecutions: runs.reduce((sum, one) => sum + one.unsent, 0),
    slots: runs.reduce((sum, { flights }) => sum + flights.length, 0),
    watchers: runs.filter(({ flights }) => flights.length > 0).length,
  });
  const dueAt = (run: Run): number => (run.dueAt ??= plannedAt(run));
  const plannedAt = (run: Run): number => {
    if (run.flights.length === 0) return Number.POSITIVE_INFINITY;
    if (knowing) return Math.min(...run.flights.map(({ endsAt }) => endsAt));
    const first = Math.min(...run.flights.map(({ acceptedAt }) => acceptedAt));
    const usual = usualMs();
    const rounds = Math.ceil(run.unsent / run.slots) + 0.5;
    return (
      now +
      pollDelayMs({
        floorMs,
        inFlight: run.flights.map(({ acceptedAt, lookedAt }) => ({
          ageMs: now - acceptedAt,
          openAtMs: lookedAt === undefined ? 0 : lookedAt - acceptedAt,
        })),
        sinceLookMs: now - Math.max(run.lookedAt ?? 0, first),
        assetsWait: run.unsent > 0,
        durationsMs: durations,
        clockRate: 1,
        budget: { ...budget(), remainingMs: usual === undefined ? undefined : rounds * usual },
      })
    );
  };
  const lookAt = (run: Run): void => {
    for (const flight of run.flights.filter(({ endsAt }) => endsAt <= now)) {
      late.push(now - flight.endsAt);
      durations = [...durations, flight.endsAt - flight.acceptedAt].slice(-50);
    }
    run.flights = run.flights.filter(({ endsAt }) => endsAt > now);
    for (const flight of run.flights) flight.lookedAt = now;
    run.lookedAt = now;
    run.dueAt = undefined;
    if (slots === 'auto') run.slots = fedInFlight(budget(), usualMs());
  };
  const lookWithoutCall = (): void => {
    for (const run of runs) if (run.flights.some(({ endsAt }) => endsAt <= now)) lookAt(run);
  };

  while (runs.some(({ unsent, flights }) => unsent > 0 || flights.length > 0)) {
    if (knowing) lookWithoutCall();
    const wanting = runs
      .map((run) => {
        const wantsToSend = run.unsent > 0 && run.flights.length < run.slots;
        return { run, lookAt: dueAt(run), wantsToSend };
      })
      .filter(({ lookAt: at, wantsToSend }) => wantsToSend || at <= now)
      .sort((one, other) => one.run.servedAt - other.run.servedAt);
    const [first] = wanting;
    if (!first) {
      const nextAt = Math.min(...runs.map(dueAt));
      if (nextAt < Number.POSITIVE_INFINITY) now = Math.max(now + 1, nextAt);
      continue;
    }
    if (left() === 0) {
      now = (log[log.length - callsPerHour] ?? now) + HOUR;
      continue;
    }
    const { run } = first;
    log.push(now);
    run.servedAt = now;
    if (run.opening > 0) run.opening -= 1;
    else if (first.lookAt <= now) {
      looks += 1;
      for (const one of runs) {
        const rides = shared && one.flights.length > 0 && now - (one.lookedAt ?? Number.NEGATIVE_INFINITY) >= floorMs;
        if (one === run || rides) lookAt(one);
      }
    } else {
      run.unsent -= 1;
      run.dueAt = undefined;
      const endsAt = now + callMs + durationMs(sent);
      took.push(endsAt - now - callMs);
      run.flights.push({ acceptedAt: now + callMs, endsAt, lookedAt: undefined });
      sent += 1;
      lastSentAt = now;
    }
    now += callMs;
  }
  return {
    wallMs: now,
    calls: log.length,
    executions: sent,
    looks,
    whileAssetsWait: {
      ms: lastSentAt,
      calls: log.filter((at) => at <= lastSentAt).length,
      offered: callsPerHour * (1 + Math.floor(lastSentAt / HOUR)),
    },
    lateMs: { mean: average(late), most: Math.max(...late) },
    usualMs: average(took),
  };
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

function lowerBound(sorted: readonly number[], from: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) < from) low = middle + 1;
    else high = middle;
  }
  return low;
}
