import { type JSONValue, search } from '@jmespath-community/jmespath';
import type { Hook, MappedField } from '../contracts/config/file.js';
import { type TicketEvent, TicketEventSchema, TicketIdSchema } from '../contracts/http/webhook.js';
import { type Parsed, problemsOf } from '../contracts/request.js';

/** Where the `standard` system has each field; `map` in the configuration names other places. */
const STANDARD_MAP: Record<MappedField, string> = {
  ticket: 'ticket.id',
  url: 'ticket.url',
  generation: 'ticket.generation',
  assetIds: 'targets.assetIds',
  hostnames: 'targets.hostnames',
  assetTagIds: 'targets.assetTagIds',
  query: 'targets.query',
  excludedAssetIds: 'targets.excludedAssetIds',
  requestedBy: 'requestedBy',
  reason: 'reason',
};

/** What an event says, and, once it was read again, the ticket itself. */
export interface Told {
  payload: unknown;
  /** Absent before the ticket is read, and where it never is. */
  ticket?: { record: unknown };
}

type Mapping = Pick<Hook, 'map' | 'read' | 'playbook'>;

/**
 * What is asked for. A hook that maps nothing takes the standard body and no unknown key; a mapped payload may hold anything else
 * besides.
 */
export function ticketEventOf(hook: Mapping, told: Told): Parsed<TicketEvent> {
  const standardBody = !hook.map && !(hook.read && told.ticket) && (typeof hook.playbook === 'string' || hook.playbook.from === 'playbook');
  const result = TicketEventSchema.safeParse(standardBody ? told.payload : mapped(hook, told));
  return result.success ? { ok: true, value: result.data } : { ok: false, problems: problemsOf(result.error, TicketEventSchema) };
}

/** Whose ticket the event speaks of: all that has to be known to read it. */
export function ticketIdOf(hook: Mapping, payload: unknown): Parsed<string> {
  const id = TicketIdSchema.safeParse(mapped(hook, { payload }));
  return id.success ? { ok: true, value: id.data.ticket.id } : { ok: false, problems: problemsOf(id.error, TicketEventSchema) };
}

function mapped(hook: Mapping, { payload, ticket }: Told): unknown {
  const field = (name: MappedField) => {
    const read = ticket && hook.read?.[name];
    // Where the ticket decides, it decides alone: what it no longer names must not come back from an older event.
    return read === undefined ? valueAt(payload, hook.map?.[name] ?? STANDARD_MAP[name]) : valueAt(ticket?.record, read);
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
    playbook: playbookIn(hook, payload, ticket),
    targets: Object.keys(targets).length > 0 ? targets : undefined,
    requestedBy: field('requestedBy'),
    reason: field('reason'),
  });
}

/** Of two places that name a playbook, the ticket as it is now has the last word. */
function playbookIn({ playbook }: Mapping, payload: unknown, ticket: Told['ticket']): unknown {
  if (typeof playbook === 'string') return valueAt(payload, 'playbook');
  return (ticket && valueAt(ticket.record, playbook.from)) ?? valueAt(payload, playbook.from);
}

/**
 * An expression that finds nothing, or meets a value of another kind than it expects, gives nothing: the schema then says what is missing.
 */
export function valueAt(value: unknown, expression: string): unknown {
  try {
    return search(value as JSONValue, expression) ?? undefined;
  } catch {
    return undefined;
  }
}

function given(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== ''));
}
