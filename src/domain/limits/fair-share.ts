// Whose turn it is where several want the same scarce thing: an execution of the day, a script's next execution, a call of the hour.
// Tickets go before campaigns; among equals whoever was served longest ago goes first, so that nobody waits for more than one round
// and nobody is paid for having slept. Only who is expected to ask just now is waited for.

export type ContenderKind = 'ticket' | 'campaign';

/** Who shares: a run that stands for itself, or a campaign with all of its steps. */
export interface ContenderRef {
  id: string;
  kind: ContenderKind;
}

export interface Contender extends ContenderRef {
  /** When it was last given one of these; undefined when never. */
  servedAt?: number | undefined;
  /** True when it was told to come back about now. Others are asleep, full, outside their window, or dead. */
  asking: boolean;
  /** Of a ticket: how many it will take altogether. Campaigns leave it that many even while it does not ask. */
  wants?: number | undefined;
}

export interface TurnFacts {
  me: Pick<Contender, 'id' | 'kind' | 'servedAt'>;
  /** Everybody else who may have a claim. */
  others: readonly Contender[];
  /** How many can be granted now. */
  free: number;
  /** How many tickets were served in a row while a campaign waited. */
  ticketStreak: number;
  /** What campaigns leave to tickets besides, whoever they may be. */
  kept?: number | undefined;
}

/** `first` is undefined where it is not for anybody in particular. */
export type Turn = { kind: 'go' } | { kind: 'wait'; first?: Contender; why: string };

/** Of ten in a row the tenth is a campaign's, however many tickets there are: a flood of them slows campaigns down and never stops them. */
export const TICKETS_IN_A_ROW = 9;

export function turnOf({ me, others, free, ticketStreak, kept = 0 }: TurnFacts): Turn {
  const overdue = ticketStreak >= TICKETS_IN_A_ROW;
  const mineFirst = me.kind === 'ticket' ? !overdue : overdue;
  const above = mineFirst ? [] : others.filter((other) => other.kind !== me.kind && places(other) > 0);
  const equals = others.filter((other) => other.kind === me.kind && other.id !== me.id && other.asking && servedBefore(other, me));
  const keptFor = mineFirst || me.kind === 'ticket' ? 0 : kept;
  if (Math.max(placesAbove(above, me.kind), keptFor) + equals.length < free) return { kind: 'go' };
  const first = firstOf(above) ?? firstOf(equals);
  if (first) return { kind: 'wait', first, why: whyFirst(first, me) };
  return keptFor === 0
    ? { kind: 'go' }
    : { kind: 'wait', why: `${free} are left, and campaigns leave ${keptFor} to the runs that are live` };
}

/** How many it takes before those below it are served. */
function places({ kind, asking, wants = 0 }: Contender): number {
  return Math.max(kind === 'ticket' ? wants : 0, asking ? 1 : 0);
}

function placesAbove(above: readonly Contender[], below: ContenderKind): number {
  const all = above.reduce((sum, contender) => sum + places(contender), 0);
  // One campaign has the tenth turn, not each of them.
  return below === 'ticket' ? Math.min(1, all) : all;
}

function firstOf(contenders: readonly Contender[]): Contender | undefined {
  return contenders.reduce<Contender | undefined>((first, other) => (first && servedBefore(first, other) ? first : other), undefined);
}

function servedBefore(one: TurnFacts['me'], other: TurnFacts['me']): boolean {
  const [ours, theirs] = [one.servedAt ?? 0, other.servedAt ?? 0];
  return ours === theirs ? one.id < other.id : ours < theirs;
}

function whyFirst(first: Contender, me: TurnFacts['me']): string {
  if (first.kind === me.kind) return `the ${first.kind === 'ticket' ? 'run' : 'campaign'} ${first.id} goes first: it was served longer ago`;
  if (first.kind === 'campaign') return `the campaign ${first.id} goes first: ${TICKETS_IN_A_ROW} in a row went to other runs`;
  const toSend = first.wants ? `, and it has ${first.wants} to send` : '';
  return `the run ${first.id} goes first: tickets come before campaigns${toSend}`;
}

/** A part of the hour's calls that campaigns leave to runs that are live, at most this much of it. */
const KEPT_PART = 0.2;
/** An execution with its polls and output, and what a run of any size costs besides (docs/operations.md). */
const CALLS_PER_EXECUTION = 3;
const CALLS_PER_RUN = 5;

/** How many calls of a window of `perWindow` campaigns leave to the runs that are live, each with so many executions to send. */
export function callsKept(perWindow: number, executionsWanted: readonly number[]): number {
  const needed = executionsWanted.reduce((sum, wants) => sum + CALLS_PER_RUN + CALLS_PER_EXECUTION * wants, 0);
  return Math.min(mostCallsKept(perWindow), needed);
}

/** With more left than this nobody needs to be asked. */
export function mostCallsKept(perWindow: number): number {
  return Math.floor(perWindow * KEPT_PART);
}
