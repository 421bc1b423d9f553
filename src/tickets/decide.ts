// From a verified event to a decision, by way of the ticket: read again, approved there, and asking there for what the event says.
import type { Config, Hook } from '../contracts/config/file.js';
import { type Environment, readReference } from '../contracts/config/secret-ref.js';
import { authorisationsIn } from './authorisations.js';
import { ticketEventOf, ticketIdOf } from './event.js';
import { isApproved, type ReadTicket, readAgain, type TicketSource, ticketSource } from './reading.js';
import { whyIgnored } from './senders/ignored.js';
import { SENDERS } from './senders/index.js';
import { decideStart, type StartDecision } from './start-request.js';

export type TicketDecision = StartDecision | { kind: 'unreadable'; ticketId: string; why: string };

interface Verified {
  config: Pick<Config, 'playbooks' | 'tickets'>;
  hookName: string;
  hook: Hook;
  payload: unknown;
  env: Environment;
  now: Date;
  readTicket: ReadTicket | undefined;
}

export async function decideTicket({ config, hookName, hook, payload, env, now, readTicket }: Verified): Promise<TicketDecision> {
  const source = ticketSource(config, hook);
  const why = whyIgnored(hook, payload, { now, account: await ownAccount(source, env) });
  if (why !== undefined) return { kind: 'ignored', why };
  if (!source && hook.system === 'standard') return decideStart(config, hookName, hook, { payload });
  // An event that would start nothing whatever its ticket says costs no request.
  const ticketMayAdd = hook.read !== undefined || typeof hook.playbook !== 'string';
  const before = ticketMayAdd ? undefined : decideStart(config, hookName, hook, { payload });
  if (before && before.kind !== 'start') return before;
  const id = ticketIdOf(hook, payload);
  if (!id.ok) return { kind: 'refused', problems: id.problems };
  const ticketId = id.value;
  // The configuration refuses such a hook: here it is only made sure that nothing starts without the ticket.
  if (!source) return { kind: 'unreadable', ticketId, why: `a hook of ${hook.system} needs an entry of tickets to read from` };
  if (!readTicket) return { kind: 'unreadable', ticketId, why: `nothing here reads tickets of ${source.entry.system}` };

  const reading = await readAgain(readTicket, { hook, ticketId, source });
  // Gone as it may be, a sender that comes too early for its own system is sent away for a while, not for good.
  if (reading.kind !== 'read') return { ...reading, kind: 'unreadable', ticketId };
  const { record } = reading;
  if (!isApproved(hook, source, record)) return { kind: 'ignored', why: 'not approved', unapproved: { ticketId } };
  // A withdrawal that comes after the approval that has followed it.
  if (hook.approved === undefined && SENDERS[hook.system].translation.withdraws?.(payload))
    return { kind: 'ignored', why: 'the event is older than what the ticket says' };
  const told = authorisationsIn(hook, record);
  if (told.kind !== 'named' || hook.map?.generation !== undefined)
    return decideStart(config, hookName, hook, { payload, ticket: { record } });
  const generation = generationOf(hook, payload, told.generations);
  if (generation === undefined) return { kind: 'ignored', why: 'not approved any more', unapproved: { ticketId } };
  return decideStart(config, hookName, hook, { payload, ticket: { record, generation } });
}

/** The one that the event names, if it still stands, else the only one that does. */
function generationOf(hook: Hook, payload: unknown, standing: readonly string[]): string | undefined {
  const event = ticketEventOf(hook, { payload });
  const named = event.ok ? event.value.ticket.generation : undefined;
  if (named !== undefined && standing.includes(named)) return named;
  return standing.length === 1 ? standing[0] : undefined;
}

/** As whom we write to this system. Where that cannot be known, our marker and the reading again are left. */
async function ownAccount(source: TicketSource | undefined, env: Environment): Promise<string | undefined> {
  const username = source?.entry.username;
  return username && (await readReference(username, env).catch(() => undefined));
}
