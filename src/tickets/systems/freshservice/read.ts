import { memberOf, type TicketRecord, withId } from '../system.js';

export const freshserviceTicket: TicketRecord = {
  path: (ticketId) => (/^[0-9]{1,18}$/.test(ticketId) ? `/api/v2/tickets/${ticketId}` : undefined),
  record: (body, ticketId) => withId(memberOf(body, 'ticket'), ['id'], ticketId),
};
