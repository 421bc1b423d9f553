import type { Translation } from '../sender.js';
import { textAt } from '../value-at.js';

const ASKING = ['zen:event-type:ticket.status_changed', 'zen:event-type:ticket.custom_status_changed'];

/**
 * Two kinds of body: what a trigger sends is written by its administrator (docs/tickets/zendesk.md has one to paste); an event subscription
 * sends https://developer.zendesk.com/api-reference/webhooks/event-types/ticket-events/.
 */
export const translation: Translation = {
  map: {
    ticket: 'detail.id || ticket.id',
    url: 'ticket.url',
    // Events of one action share it: a status and its custom status change together, and are one authorisation.
    generation: 'event.meta.sequence.id || id || ticket.generation',
    hostnames: "targets.hostnames || map(&trim(@), split(hosts, ','))",
    assetIds: 'targets.assetIds',
    requestedBy: 'requestedBy',
    reason: 'detail.subject || reason',
  },
  ignored: (payload, generations) => {
    const kind = textAt(payload, 'type');
    if (kind === '' || ASKING.includes(kind) || (generations && kind.startsWith('zen:event-type:ticket.'))) return undefined;
    return `${kind} asks for nothing`;
  },
  single: (payload) => textAt(payload, 'type').startsWith('zen:event-type:'),
  asEvent: (ticket) => ({ ticket, detail: ticket }),
  actors: ['detail.actor_id', 'requestedBy'],
  written: ['event.comment.body', 'comment'],
};
