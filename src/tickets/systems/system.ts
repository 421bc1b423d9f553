// What is different from one ticket system to the next when a ticket is read: its address, its credential, and where the record lies.
import type { TicketsEntry } from '../../contracts/config/file.js';
import type { Hook } from '../../contracts/config/hook.js';

/** The secrets of a `tickets` entry, as they are at this moment. */
export interface Credentials {
  username?: string | undefined;
  password?: string | undefined;
  token?: string | undefined;
}

/** What of a hook decides how its tickets are read. */
export type ReadingHook = Pick<Hook, 'table' | 'map' | 'read'> & { system?: Hook['system'] };

export interface TicketRecord {
  /** Where the record is, below the system's URL; undefined for an id that no ticket of the system can have. */
  path: (ticketId: string, hook: ReadingHook) => string | undefined;
  headers?: Record<string, string>;
  /**
   * The record in the answer; undefined where it is not this very ticket. An id counts as written: a system that finds `chg1` as CHG1 would
   * otherwise give one ticket two ids, and two runs.
   */
  record: (body: unknown, ticketId: string) => Record<string, unknown> | undefined;
  /** The answer says that there is no such ticket, where it says so by another status than 404 and 410. */
  isGone?: (body: unknown) => boolean;
  /** What the system keeps beside the record, read after it and put into it. Without all of it the ticket counts as unreadable. */
  parts?: readonly TicketPart[];
}

export interface TicketPart {
  /** A system without it answers 404: the ticket is then read as it is. */
  isOptional?: boolean;
  /** Undefined where this ticket has no such part, or nobody asks for it. */
  path: (record: Record<string, unknown>, asking: { hook: ReadingHook; isSearch: boolean }) => string | undefined;
  /** The record with the part in it; undefined where the answer is something else. */
  add: (record: Record<string, unknown>, body: unknown) => Record<string, unknown> | undefined;
}

/** How the system is searched for tickets that were approved without our hearing of it. */
export interface TicketFinding {
  /** Of one page, from 0; `token`: what the page before has named the next by. `find`: the system's own query. */
  path: (page: { find: string; hook: ReadingHook; page: number; token: string | undefined }) => string;
  /** Each at least as far as its id; undefined where the answer is something else. */
  rows: (body: unknown) => Record<string, unknown>[] | undefined;
  /** Fewer rows than these are the last page, where the system names no next one. */
  pageSize: number;
  /** What names the next page; only systems that number none have it. */
  token?: (body: unknown) => string | undefined;
}

export interface TicketSystem {
  /** Where `url` may be left out. */
  url?: string;
  /** The value of `Authorization`; undefined where the entry lacks what the system needs. */
  authorization: (credentials: Credentials) => string | undefined;
  /** Something small that only whoever may read tickets gets, and that changes nothing. */
  probe: string;
  read: TicketRecord;
  search: TicketFinding;
}

export type SystemEntry = Pick<TicketsEntry, 'system' | 'url' | 'username' | 'password' | 'token'>;

export function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}

/** `token` as Bearer, else `username` with `password`. */
export function bearerOrBasic({ username, password, token }: Credentials): string | undefined {
  if (token !== undefined) return `Bearer ${token}`;
  return username !== undefined && password !== undefined ? basic(username, password) : undefined;
}

/** An object that came in: its own members only. */
export function memberOf(value: unknown, name: string): unknown {
  return isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The record, where one of these members is the id. */
export function withId(value: unknown, names: readonly string[], ticketId: string): Record<string, unknown> | undefined {
  return isRecord(value) && names.some((name) => isSame(memberOf(value, name), ticketId)) ? value : undefined;
}

function isSame(found: unknown, ticketId: string): boolean {
  return found === ticketId || (typeof found === 'number' && Number.isSafeInteger(found) && String(found) === ticketId);
}

/** The objects of a list that came in. */
export function recordsOf(value: unknown): Record<string, unknown>[] | undefined {
  return Array.isArray(value) ? value.filter(isRecord) : undefined;
}

export function queryString(parameters: Readonly<Record<string, string | number>>): string {
  return new URLSearchParams(Object.entries(parameters).map(([name, value]): [string, string] => [name, String(value)])).toString();
}
