// The tickets of the simulated ticket systems, and what a request to one of them is.

export interface SimulatedTicket {
  /** Of ServiceNow its table; of the others the system's name. */
  table: string;
  /** Of ServiceNow as the Table API shows it, where every value is text; of the others what their answers are made of. */
  record: Record<string, string>;
  /** Work notes, comments or notes, oldest first, as they came in: of Jira's cloud the JSON of a tree. */
  notes: { id: string; value: string; createdOn: string }[];
  files: { name: string; text: string }[];
}

export interface Ask {
  method: string;
  path: string;
  query: URLSearchParams;
  authorization: string | undefined;
  header: (name: string) => string | undefined;
  type: string;
  text: string;
}

export type Answer = [status: number, body: unknown];

export interface Desk {
  tickets: SimulatedTicket[];
  instant: () => string;
  /** Numbers of comments, files and uploads: none is used twice. */
  nextId: () => string;
  users: readonly { username: string; password: string }[];
}

export interface System {
  /** Whether the request is for this system. */
  isFor: (path: string) => boolean;
  answer: (ask: Ask, desk: Desk) => Answer;
}

export function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/** Of one of the users, in the way of this system. */
export function isUser({ users }: Desk, { authorization }: Ask, write: (user: { username: string; password: string }) => string): boolean {
  return users.some((user) => write(user) === authorization);
}

export function ticketOf({ tickets }: Desk, table: string, id: string | undefined): SimulatedTicket | undefined {
  return tickets.find((ticket) => ticket.table === table && (ticket.record.id === id || ticket.record.key === id));
}

export function addNote(desk: Desk, ticket: SimulatedTicket, value: string): SimulatedTicket['notes'][number] {
  const note = { id: desk.nextId(), value, createdOn: desk.instant() };
  ticket.notes.push(note);
  return note;
}

/** The object that the body is; undefined where it is none. */
export function jsonOf({ text }: Ask): Record<string, unknown> | undefined {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null && !Array.isArray(body) ? (body as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

export interface FormPart {
  name: string;
  filename?: string | undefined;
  text: string;
}

export function formOf({ type, text }: Ask): FormPart[] {
  const boundary = /boundary=([^;\s]+)/.exec(type)?.[1];
  if (boundary === undefined) return [];
  return text
    .split(`--${boundary}`)
    .slice(1, -1)
    .flatMap((part) => {
      const end = part.indexOf('\r\n\r\n');
      const name = /name="([^"]*)"/.exec(part.slice(0, end))?.[1];
      if (end < 0 || name === undefined) return [];
      return [{ name, filename: /filename="([^"]*)"/.exec(part.slice(0, end))?.[1], text: part.slice(end + 4).replace(/\r\n$/, '') }];
    });
}

export function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Of a value that may be anything. */
export function member(value: unknown, ...names: readonly string[]): unknown {
  return names.reduce<unknown>((at, name) => (typeof at === 'object' && at !== null ? Reflect.get(at, name) : undefined), value);
}
