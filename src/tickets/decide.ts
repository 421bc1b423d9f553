// From a verified event to a decision, by way of the ticket: read again, approved there, and asking there for what the event says.
import type { Config, Hook } from '../contracts/config/file.js';
import { ticketIdOf } from './event.js';
import { isApproved, type ReadTicket, readAgain, ticketSource } from './reading.js';
import { decideStart, type StartDecision } from './start-request.js';

export type TicketDecision = StartDecision | { kind: 'unreadable'; ticketId: string; why: string };

interface Verified {
  config: Pick<Config, 'playbooks' | 'tickets'>;
  hookName: string;
  hook: Hook;
  payload: unknown;
  readTicket: ReadTicket | undefined;
}

export async function decideTicket({ config, hookName, hook, payload, readTicket }: Verified): Promise<TicketDecision> {
  const source = ticketSource(config, hook);
  if (!source) return decideStart(config, hookName, hook, { payload });
  // An event that would start nothing whatever its ticket says costs no request.
  const ticketMayAdd = hook.read !== undefined || typeof hook.playbook !== 'string';
  const before = ticketMayAdd ? undefined : decideStart(config, hookName, hook, { payload });
  if (before && before.kind !== 'start') return before;
  const id = ticketIdOf(hook, payload);
  if (!id.ok) return { kind: 'refused', problems: id.problems };
  const ticketId = id.value;
  if (!readTicket) return { kind: 'unreadable', ticketId, why: `tickets of ${source.entry.system} cannot be read by this version` };

  const reading = await readAgain(readTicket, { hook, ticketId, source });
  if (reading.kind === 'unreadable') return { ...reading, ticketId };
  if (!isApproved(hook, source, reading.record)) return { kind: 'ignored', why: 'not approved' };
  return decideStart(config, hookName, hook, { payload, ticket: { record: reading.record } });
}
