// Reads a ticket by its system's API, with the credential of its `tickets` entry as it is at that moment.
import { type Environment, readSecret, type SecretRef } from '../../contracts/config/secret-ref.js';
import type { TicketHttp } from '../http/client.js';
import type { ReadTicket, TicketReading } from '../reading.js';
import type { Credentials, SystemEntry } from '../systems/system.js';
import { TICKET_SYSTEMS } from './systems.js';

export function createReadTicket(http: TicketHttp, env: Environment): ReadTicket {
  return async (hook, ticketId, { name, entry, signal }) => {
    if (entry.system === 'standard') return unreadable(`tickets.${name}: "standard" has no API`);
    const system = TICKET_SYSTEMS[entry.system];
    const base = entry.url ?? system.url;
    if (base === undefined) return unreadable(`tickets.${name}.url is missing`);
    const path = system.read.path(ticketId, hook);
    if (path === undefined) return unreadable(`no ticket of ${entry.system} has such an id`);
    const authorization = system.authorization(await credentialsOf(entry, env));
    if (authorization === undefined) return unreadable(`tickets.${name} lacks a credential: username with password, or token`);

    const headers = { ...system.read.headers, authorization };
    const answer = await http.send({ method: 'GET', url: new URL(base.replace(/\/+$/, '') + path), headers, signal });
    if (answer.status !== 200) return unreadable(`${entry.system} answered ${answer.status}`);
    const record = system.read.record(answer.body, ticketId);
    return record ? { kind: 'read', record } : unreadable(`the answer of ${entry.system} is not this ticket`);
  };
}

/** Read at each use, so that a rotated secret counts at once. */
async function credentialsOf(entry: SystemEntry, env: Environment): Promise<Credentials> {
  const [username, password, token] = await Promise.all([entry.username, entry.password, entry.token].map((ref) => secretOf(ref, env)));
  return { username, password, token };
}

async function secretOf(ref: SecretRef | undefined, env: Environment): Promise<string | undefined> {
  return ref && readSecret(ref, env);
}

function unreadable(why: string): TicketReading {
  return { kind: 'unreadable', why };
}
