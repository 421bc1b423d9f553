// Reads a ticket by its system's API, with the credential of its `tickets` entry as it is at that moment.
import type { Hook } from '../../contracts/config/hook.js';
import { type Environment, readReference, readSecret, type SecretRef } from '../../contracts/config/secret-ref.js';
import type { TicketAnswer, TicketHttp, TicketRequest } from '../http/client.js';
import type { ReadTicket, TicketReading } from '../reading.js';
import type { Credentials, SystemEntry, TicketSystem } from '../systems/system.js';
import { TICKET_SYSTEMS } from './systems.js';

/** Where a system is asked, and with what. */
export interface Access {
  system: TicketSystem;
  get: (path: string, headers?: Record<string, string>) => Promise<TicketAnswer>;
  send: (request: Pick<TicketRequest, 'method' | 'headers' | 'body'> & { path: string }) => Promise<TicketAnswer>;
  /** As whom. */
  username?: string | undefined;
}

export function createReadTicket(http: TicketHttp, env: Environment): ReadTicket {
  return async (hook, ticketId, { name, entry, signal, isSearch = false }) => {
    const access = await accessTo({ http, env }, { name, entry, signal });
    if (typeof access === 'string') return unreadable(access);
    const { read } = access.system;
    const path = read.path(ticketId, hook);
    if (path === undefined) return unreadable(`no ticket of ${entry.system} has such an id`);
    const answer = await access.get(path);
    if (isGone(answer) || (answer.status === 200 && read.isGone?.(answer.body)))
      return { kind: 'gone', why: `${entry.system} has no ticket ${ticketId}, or does not show it (${answer.status})` };
    if (answer.status !== 200) return unreadable(`${entry.system} answered ${answer.status}`);
    const record = read.record(answer.body, ticketId);
    if (!record) return unreadable(`the answer of ${entry.system} is not this ticket`);
    return withParts(access, record, { hook, isSearch });
  };
}

/** A sentence where the entry does not say enough. */
export async function accessTo(
  { http, env }: { http: TicketHttp; env: Environment },
  { name, entry, signal }: { name: string; entry: SystemEntry; signal?: AbortSignal | undefined },
): Promise<Access | string> {
  if (entry.system === 'standard') return `tickets.${name}: "standard" has no API`;
  const system = TICKET_SYSTEMS[entry.system];
  const base = entry.url ?? system.url;
  if (base === undefined) return `tickets.${name}.url is missing`;
  const credentials = await credentialsOf(entry, env);
  const authorization = system.authorization(credentials);
  if (authorization === undefined) return `tickets.${name} lacks a credential: username with password, or token`;
  const root = base.replace(/\/+$/, '');
  const send: Access['send'] = ({ path, headers, ...request }) =>
    http.send({ ...request, url: new URL(root + path), headers: { ...headers, authorization }, signal });
  return {
    ...{ system, send, username: credentials.username },
    get: (path, headers = system.read.headers ?? {}) => send({ method: 'GET', path, headers }),
  };
}

async function withParts(
  { system, get }: Access,
  record: Record<string, unknown>,
  asking: { hook: Hook; isSearch: boolean },
): Promise<TicketReading> {
  let whole = record;
  for (const part of system.read.parts ?? []) {
    const path = part.path(whole, asking);
    if (path === undefined) continue;
    const answer = await get(path);
    if (part.isOptional && answer.status === 404) continue;
    const more = answer.status === 200 ? part.add(whole, answer.body) : undefined;
    if (!more)
      return unreadable(`${path.split('?')[0]} was answered ${answer.status}${answer.status === 200 ? ', with something else' : ''}`);
    whole = more;
  }
  return { kind: 'read', record: whole };
}

function isGone({ status }: { status: number }): boolean {
  return status === 404 || status === 410;
}

/** Read at each use, so that a rotated secret counts at once. */
async function credentialsOf(entry: SystemEntry, env: Environment): Promise<Credentials> {
  const [username, password, token] = await Promise.all([
    entry.username && readReference(entry.username, env),
    ...[entry.password, entry.token].map((ref) => secretOf(ref, env)),
  ]);
  return { username, password, token };
}

async function secretOf(ref: SecretRef | undefined, env: Environment): Promise<string | undefined> {
  return ref && readSecret(ref, env);
}

function unreadable(why: string): TicketReading {
  return { kind: 'unreadable', why };
}
