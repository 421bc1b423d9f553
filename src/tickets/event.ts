import { type JSONValue, search } from '@jmespath-community/jmespath';
import type { Hook, MappedField } from '../contracts/config/file.js';
import { type TicketEvent, TicketEventSchema } from '../contracts/http/webhook.js';
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

/**
 * What a payload asks for. A hook that maps nothing takes the standard body and no unknown key; a mapped payload may hold anything else
 * besides.
 */
export function ticketEventOf(hook: Pick<Hook, 'map' | 'playbook'>, payload: unknown): Parsed<TicketEvent> {
  const standardBody = !hook.map && (typeof hook.playbook === 'string' || hook.playbook.from === 'playbook');
  const result = TicketEventSchema.safeParse(standardBody ? payload : mapped(hook, payload));
  return result.success ? { ok: true, value: result.data } : { ok: false, problems: problemsOf(result.error, TicketEventSchema) };
}

function mapped(hook: Pick<Hook, 'map' | 'playbook'>, payload: unknown): unknown {
  const field = (name: MappedField) => valueAt(payload, hook.map?.[name] ?? STANDARD_MAP[name]);
  const targets = given({
    assetIds: field('assetIds'),
    hostnames: field('hostnames'),
    assetTagIds: field('assetTagIds'),
    query: field('query'),
    excludedAssetIds: field('excludedAssetIds'),
  });
  return given({
    ticket: given({ id: field('ticket'), url: field('url'), generation: field('generation') }),
    playbook: valueAt(payload, typeof hook.playbook === 'string' ? 'playbook' : hook.playbook.from),
    targets: Object.keys(targets).length > 0 ? targets : undefined,
    requestedBy: field('requestedBy'),
    reason: field('reason'),
  });
}

/**
 * An expression that finds nothing, or meets a value of another kind than it expects, gives nothing: the schema then says what is missing.
 */
function valueAt(payload: unknown, expression: string): unknown {
  try {
    return search(payload as JSONValue, expression) ?? undefined;
  } catch {
    return undefined;
  }
}

function given(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== ''));
}
