import type { LiveCounts, StopCause } from './outcome.js';

/** What a run is doing. */
export const RUN_PHASES = ['opening', 'awaiting-approval', 'running', 'soaking', 'following-up', 'closing', 'finished'] as const;
export type RunPhase = (typeof RUN_PHASES)[number];

/**
 * How much of a run was issued and ordered. No number ever falls, so a ledger that says less is lost or restored from an older backup.
 */
export interface Issued {
  /** The highest execution number issued. */
  claimed: number;
  /** Rights to send that were granted, whatever happened to them. */
  permits: number;
  /** Orders that were carried out, of the run, its campaign and the whole ledger: one that forgot a pause would send. */
  orders?: number | undefined;
  /** Follow-up schedules that were asked for, or may have been: one that forgot them would ask for second ones. */
  schedules?: number | undefined;
}

const NUMBERS = ['claimed', 'permits', 'orders', 'schedules'] as const satisfies (keyof Issued)[];

export function mostIssued(a: Issued | undefined, b: Issued | undefined): Issued {
  return {
    claimed: Math.max(a?.claimed ?? 0, b?.claimed ?? 0),
    permits: Math.max(a?.permits ?? 0, b?.permits ?? 0),
    orders: Math.max(a?.orders ?? 0, b?.orders ?? 0),
    schedules: Math.max(a?.schedules ?? 0, b?.schedules ?? 0),
  };
}

/** True when the ledger has forgotten something that was issued or ordered: what it calls unsent may have been sent. */
export function isStale(ledger: Issued, known: Issued): boolean {
  const has = mostIssued(ledger, undefined);
  const most = mostIssued(ledger, known);
  return NUMBERS.some((number) => (has[number] ?? 0) < (most[number] ?? 0));
}

/** What somebody was told who has it from far away, as from a heartbeat; undefined when it is something else. */
export function issuedIn(value: unknown): Issued | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { claimed, permits, orders, schedules } = value as Partial<Record<keyof Issued, unknown>>;
  if (typeof claimed !== 'number' || typeof permits !== 'number') return undefined;
  return {
    ...{ claimed, permits },
    ...(typeof orders === 'number' ? { orders } : {}),
    ...(typeof schedules === 'number' ? { schedules } : {}),
  };
}

export function inWords({ claimed, permits, orders = 0, schedules = 0 }: Issued): string {
  const rest = schedules > 0 ? `, ${orders} orders and ${schedules} schedules` : ` and ${orders} orders`;
  return `${claimed} executions, ${permits} permits${rest}`;
}

/** Where a run stands by the ledger: small, so that activities can return it and the workflow can carry it. */
export interface RunSnapshot extends Issued {
  counts: LiveCounts;
  /** Executions that are frozen and not sent. */
  unsent: number;
  /** Executions whose answer was lost, or is on its way. */
  inDoubt: number;
  /** Executions that Qualys works on. */
  watched: number;
  /** Executions that count against `maxInFlight`. */
  slotsTaken: number;
  /** Assets that wait to be sent. */
  waiting: number;
  /** When the earliest of them is due, epoch ms by the ledger's clock. */
  nextDueAt?: number | undefined;
  /** Verdicts whose script output is still to be fetched. */
  outputsOwed: number;
  /** Execute calls that Qualys accepted. */
  accepted: number;
  callsUsed: number;
  /** How long the rest is likely to take, by what this script's executions have taken. */
  etaMs?: number | undefined;
  /** The ledger's clock when this was read. */
  at: number;
  /** How often a slot had been freed or an execution settled: what came since wakes the run, whatever the clocks say. */
  wakes: number;
  /** True when the error budget is exceeded. */
  breached: boolean;
  /** True once a permit was used: from then on no failure of Qualys fails the run. */
  attempted: boolean;
  /** Why nothing is sent any more. */
  stop?: { cause: StopCause; reason: string } | undefined;
  /** By its own order, or its campaign's. */
  paused: boolean;
  /** A step that a breach of its budget holds back until a person decides. */
  held?: boolean;
  maxInFlight: number;
}

/** Two activities may answer in another order than they read. */
const REORDERED_MS = 5_000;
/**
 * No attempt of an activity answers later than this; what is older by the clock, and knows less, is of a ledger restored and a clock set
 * back.
 */
const LATEST_MS = 10 * 60_000;

/** True when it was read before the one that is known. By its numbers, none of which falls; by the clock only where they do not say. */
export function isLate(snapshot: RunSnapshot, known: RunSnapshot): boolean {
  const ahead = numbersOf(snapshot).map((number, index) => Math.sign(number - (numbersOf(known)[index] ?? 0)));
  const hasMore = ahead.includes(1);
  const hasLess = ahead.includes(-1);
  if (hasMore && !hasLess) return false;
  const olderMs = known.at - snapshot.at;
  // A ledger that was restored knows less, too, but was read later.
  return olderMs > 0 && olderMs < (hasLess && !hasMore ? LATEST_MS : REORDERED_MS);
}

function numbersOf({ claimed, permits, orders = 0, wakes }: RunSnapshot): number[] {
  return [claimed, permits, orders, wakes];
}
