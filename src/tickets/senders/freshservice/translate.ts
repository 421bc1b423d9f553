import type { Translation } from '../sender.js';
import { valueAt } from '../value-at.js';

/** Over the body to paste of docs/tickets/freshservice.md: what the Workflow Automator sends is written by its administrator. */
export const translation: Translation = {
  map: {
    ticket: 'ticket.id',
    url: 'ticket.url',
    generation: 'ticket.generation',
    hostnames: "targets.hostnames || map(&trim(@), split(hosts, ','))",
    assetIds: 'targets.assetIds',
    requestedBy: 'requestedBy',
    reason: 'reason',
  },
  asEvent: (ticket) => ({ ticket, reason: valueAt(ticket, 'subject') }),
  actors: ['requestedBy'],
  written: ['note'],
};
