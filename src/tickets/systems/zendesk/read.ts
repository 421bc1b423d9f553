import {
  basic,
  bearerOrBasic,
  type Credentials,
  memberOf,
  queryString,
  recordsOf,
  type TicketFinding,
  type TicketRecord,
  withId,
} from '../system.js';

export const zendeskTicket: TicketRecord = {
  path: (ticketId) => (/^[0-9]{1,18}$/.test(ticketId) ? `/api/v2/tickets/${ticketId}.json` : undefined),
  record: (body, ticketId) => withId(memberOf(body, 'ticket'), ['id'], ticketId),
};

/** An API token goes with `/token` behind its user; a token alone is one of OAuth. */
export function zendeskAuthorization(credentials: Credentials): string | undefined {
  const { username, token } = credentials;
  return username !== undefined && token !== undefined ? basic(`${username}/token`, token) : bearerOrBasic(credentials);
}

const PAGE = 100;

/** https://developer.zendesk.com/api-reference/ticketing/ticket-management/search/: at most 1,000 results, whatever is asked for. */
export const zendeskSearch: TicketFinding = {
  pageSize: PAGE,
  path({ find, page }) {
    const query = { query: `type:ticket ${find}`, sort_by: 'updated_at', sort_order: 'desc', per_page: PAGE, page: page + 1 };
    return `/api/v2/search.json?${queryString(query)}`;
  },
  rows: (body) => recordsOf(memberOf(body, 'results')),
};
