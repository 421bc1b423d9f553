import { memberOf, queryString, recordsOf, type TicketFinding, type TicketRecord, withId } from '../system.js';

export const freshserviceTicket: TicketRecord = {
  path: (ticketId) => (/^[0-9]{1,18}$/.test(ticketId) ? `/api/v2/tickets/${ticketId}` : undefined),
  record: (body, ticketId) => withId(memberOf(body, 'ticket'), ['id'], ticketId),
};

/** https://api.freshservice.com/#filter_tickets: the query stands in quotes. */
export const freshserviceSearch: TicketFinding = {
  pageSize: 30,
  path: ({ find, page }) => `/api/v2/tickets/filter?${queryString({ query: `"${find}"`, page: page + 1 })}`,
  rows: (body) => recordsOf(memberOf(body, 'tickets')),
};
