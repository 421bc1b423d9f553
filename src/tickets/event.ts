import type { Hook, MappedField } from '../contracts/config/file.js';
import { type TicketEvent, TicketEventSchema, TicketIdSchema } from '../contracts/http/webhook.js';
import { type Parsed, problemsOf } from '../contracts/request.js';
import { SENDERS } from './senders/index.js';
import { valueAt } from './senders/value-at.js';

/** What an event says, and, once it was read again, the ticket itself. */
export interface Told {
  payload: unknown;
  /** Absent before the ticket is read, and where it never is. */
  ticket?: {
    record: unknown;
    /** What authorises the run, where the ticket has told it, whatever the event says. */
    generation?: string | undefined;
  };
}

type Mapping = Pick<Hook, 'system' | 'map' | 'read' | 'playbook'>;

/**
 * What is asked for. A `standard` hook that maps nothing takes the standard body and no unknown key; any other payload may hold anything
 * else besides.
 */
export function ticketEventOf(hook: Mapping, told: Told): Parsed<TicketEvent> {
  const standardBody =
    hook.system === 'standard' &&
    !hook.map &&
    !(hook.read && told.ticket) &&
    (typeof hook.playbook === 'string' || hook.playbook.from === 'playbook');
  const result = TicketEventSchema.safeParse(standardBody ? told.payload : mapped(hook, told));
  return result.success ? { ok: true, value: result.data } : { ok: false, problems: problemsOf(result.error, TicketEventSchema) };
}

/** Whose ticket the event speaks of: all that has to be known to read it. */
export function ticketIdOf(hook: Mapping, payload: unknown): Parsed<string> {
  const id = TicketIdSchema.safeParse(mapped(hook, { payload }));
  return id.success ? { ok: true, value: id.data.ticket.id } : { ok: false, problems: problemsOf(id.error, TicketEventSchema) };
}

function mapped(hook: Mapping, { payload, ticket }: Told): unknown {
  const { map, read: atFirst, readable = () => true, view = (value: unknown) => value } = SENDERS[hook.system].translation;
  const event = view(payload);
  const record = ticket && view(ticket.record);
  const read = ticket && readable(ticket.record) ? atFirst : undefined;
  const field = (name: MappedField) => {
    if (name === 'generation' && ticket?.generation !== undefined) return ticket.generation;
    const inTicket = ticket && (hook.read?.[name] ?? (hook.map?.[name] === undefined ? read?.[name] : undefined));
    // Where the ticket decides, it decides alone: what it no longer names must not come back from an older event.
    if (inTicket !== undefined) return valueAt(record, inTicket);
    const inEvent = hook.map?.[name] ?? map[name];
    return inEvent === undefined ? undefined : valueAt(event, inEvent);
  };
  const targets = given({
    assetIds: field('assetIds'),
    hostnames: field('hostnames'),
    assetTagIds: field('assetTagIds'),
    query: field('query'),
    excludedAssetIds: field('excludedAssetIds'),
  });
  return given({
    ticket: given({ id: field('ticket'), url: field('url'), generation: field('generation') }),
    playbook: playbookIn(hook, event, ticket && { record }),
    targets: Object.keys(targets).length > 0 ? targets : undefined,
    requestedBy: field('requestedBy'),
    reason: field('reason'),
  });
}

/** Of two places that name a playbook, the ticket as it is now has the last word. */
function playbookIn({ system, playbook }: Mapping, payload: unknown, ticket: Told['ticket']): unknown {
  // A hook that fixes it refuses a standard body that names another; elsewhere the word means something else.
  if (typeof playbook === 'string') return system === 'standard' ? valueAt(payload, 'playbook') : undefined;
  return (ticket && valueAt(ticket.record, playbook.from)) ?? valueAt(payload, playbook.from);
}

function given(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== ''));
}
