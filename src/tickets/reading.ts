// An event is a hint, never an order: it may be old, replayed, or written by whoever knows a secret. What counts is the ticket as its own
// system shows it now, read with our own credential.

import type { Config, Hook, TicketsEntry } from '../contracts/config/file.js';
import { APPROVED, canBeReadAgain, WITHDRAWN } from '../contracts/config/hook.js';
import { valueAt } from './senders/value-at.js';

/** The tightest sender, PagerDuty, waits 5 s and sends again what took longer: that finds the run under its id. */
const READ_TIMEOUT_MS = 3_000;

/** The entry of `tickets` that a hook names, by the same configuration that the event is judged by. */
export interface TicketSource {
  name: string;
  entry: TicketsEntry;
}

export type TicketReading =
  /** The record itself: ServiceNow's `result`, the `ticket` of Zendesk and Freshservice, PagerDuty's `incident`, an issue of Jira or GitHub. */
  | { kind: 'read'; record: unknown }
  /** The system says that it has no such ticket, which is also what many say to whoever may not see it. */
  | { kind: 'gone'; why: string }
  /** `why` goes to the log, not to the sender. */
  | { kind: 'unreadable'; why: string };

/** Asks the system once. Whoever calls gives up with `signal`, and calls again. What it throws counts as unreadable. */
export type ReadTicket = (
  hook: Hook,
  ticketId: string,
  from: TicketSource & ReadOptions & { signal: AbortSignal },
) => Promise<TicketReading>;

export interface ReadOptions {
  /** No event has told of the ticket: what events say is read as well, as far as the system keeps it. */
  isSearch?: boolean | undefined;
}

/** Where the hook's tickets are read again; undefined where nothing can be read: the event is all there is. */
export function ticketSource(config: Pick<Config, 'tickets'>, hook: Pick<Hook, 'ticket'>): TicketSource | undefined {
  const name = hook.ticket;
  const entry = name !== undefined && Object.hasOwn(config.tickets, name) ? config.tickets[name] : undefined;
  return name !== undefined && entry && canBeReadAgain(entry.system) ? { name, entry } : undefined;
}

interface Reading extends ReadOptions {
  hook: Hook;
  ticketId: string;
  source: TicketSource;
  timeoutMs?: number;
}

/** Twice at most, each for `timeoutMs`: a ticket system that hangs must not hold the sender for longer than it waits. */
export async function readAgain(
  readTicket: ReadTicket,
  { hook, ticketId, source, timeoutMs = READ_TIMEOUT_MS, isSearch }: Reading,
): Promise<TicketReading> {
  const first = await readOnce();
  return first.kind === 'unreadable' ? readOnce() : first;

  async function readOnce(): Promise<TicketReading> {
    const giveUp = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    // A reader that does not heed its signal is not waited for either.
    const late = new Promise<TicketReading>((resolve) => {
      timer = setTimeout(() => {
        resolve({ kind: 'unreadable', why: `no answer within ${timeoutMs} ms` });
        giveUp.abort();
      }, timeoutMs);
    });
    try {
      return await Promise.race([readTicket(hook, ticketId, { ...source, isSearch, signal: giveUp.signal }), late]);
    } catch (error) {
      return { kind: 'unreadable', why: error instanceof Error ? error.message : String(error) };
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Over the record as read. A hook whose system has no default of its own always says when. */
export function isApproved(hook: Pick<Hook, 'approved'>, { entry }: TicketSource, record: unknown): boolean {
  const expression = hook.approved ?? APPROVED[entry.system];
  return expression !== undefined && saysYes(valueAt(record, expression));
}

/**
 * `isWithdrawn`: said so, and not just another state. `by`: whom the hook names; where the system has an approval of its own, the ticket
 * itself stands for whoever gave it.
 */
export function approvalIn(
  hook: Pick<Hook, 'approved' | 'withdrawn' | 'approvedBy'>,
  source: TicketSource,
  record: unknown,
  ticketId: string,
): { isApproved: boolean; isWithdrawn: boolean; by: string[] } {
  const { system } = source.entry;
  const withdrawn = hook.withdrawn ?? (hook.approved === undefined ? WITHDRAWN[system] : undefined);
  const named = hook.approvedBy === undefined ? undefined : namesIn(valueAt(record, hook.approvedBy));
  const own = APPROVED[system] === undefined ? [] : [`ticket ${ticketId} (${system})`];
  return {
    isApproved: isApproved(hook, source, record),
    isWithdrawn: withdrawn !== undefined && saysYes(valueAt(record, withdrawn)),
    by: named ?? own,
  };
}

/** More people than a quorum can ask for approve nothing more. */
const MOST_NAMES = 50;
const NAME_LENGTH = 200;

function namesIn(value: unknown): string[] {
  const names = (Array.isArray(value) ? value : [value]).filter((name): name is string => typeof name === 'string');
  return [...new Set(names.map((name) => name.trim()))].filter((name) => name !== '' && name.length <= NAME_LENGTH).slice(0, MOST_NAMES);
}

/** Truthy in JMESPath, and not a written no: ServiceNow writes its booleans as text, and `'false'` is truthy there. */
function saysYes(value: unknown): boolean {
  if (typeof value === 'string') return !['', 'false', '0'].includes(value.trim().toLowerCase());
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}
