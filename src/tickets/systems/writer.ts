// What is different from one ticket system to the next when something is written into a ticket.
import type { Move } from '../../contracts/config/tickets-entry.js';
import type { TicketEntry } from '../../domain/tickets/entry.js';
import { bearsMarker } from '../../domain/tickets/marker.js';
import { memberOf } from './system.js';

/** One ticket, with the credential to write there. Its calls throw where the answer is not a 2xx. */
export interface Desk {
  readonly ticketId: string;
  /** Of the hook. */
  readonly table?: string | undefined;
  /** As whom we write. */
  readonly username?: string | undefined;
  call(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH',
    path: string,
    sent?: { json?: unknown; body?: string; headers?: Record<string, string> },
  ): Promise<unknown>;
}

/** The system has answered, and not done it; `status` is its HTTP status. */
export class TicketRefused extends Error {
  override readonly name = 'TicketRefused';

  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export interface ReportFile {
  name: string;
  text: string;
}

export interface MoveStep {
  /** `mayBeDone`: an earlier attempt was not answered. */
  isDone(desk: Desk, mayBeDone: boolean): Promise<boolean>;
  go(desk: Desk): Promise<void>;
}

export interface TicketWriter {
  /** Our entry with this marker, as `edit` wants it; undefined where the ticket has none. */
  find(desk: Desk, marker: string): Promise<string | undefined>;
  /** One write. Returns what `edit` wants. */
  post(desk: Desk, entry: TicketEntry): Promise<string | undefined>;
  /** Where an entry can be edited, a run has one, and no more. */
  edit?: (desk: Desk, id: string, entry: TicketEntry) => Promise<void>;
  /** Where files can be attached. */
  attach?: {
    isThere(desk: Desk, name: string): Promise<boolean>;
    put(desk: Desk, file: ReportFile, entry: TicketEntry): Promise<void>;
  };
  /** Each step is one write. `marker` tells our own move from anybody else's. */
  moves(move: Move, marker: string): readonly MoveStep[];
}

/** Objects of a list within an answer; none where it is not one. */
export function listIn(body: unknown, ...path: readonly string[]): readonly unknown[] {
  const found = path.reduce(memberOf, body);
  return Array.isArray(found) ? found : [];
}

/** The first of them whose text, in one of these members, bears the marker: whoever quotes an entry does so behind it. */
export function marked(rows: readonly unknown[], members: readonly string[], marker: string): unknown {
  return rows.find((row) =>
    members.some((member) => {
      const text = memberOf(row, member);
      return typeof text === 'string' && bearsMarker(text, marker);
    }),
  );
}

/** An id in an answer. */
export function idOf(value: unknown, name = 'id'): string | undefined {
  const id = memberOf(value, name);
  return typeof id === 'string' || typeof id === 'number' ? String(id) : undefined;
}

/** A move that is the same however often it is made: not made where the ticket is there already. */
export function stateMove(read: (desk: Desk) => Promise<unknown>, wanted: Readonly<Record<string, unknown>>, go: MoveStep['go']): MoveStep {
  return {
    async isDone(desk) {
      const record = await read(desk);
      return Object.entries(wanted).every(([name, value]) => String(memberOf(record, name)) === String(value));
    },
    go,
  };
}
