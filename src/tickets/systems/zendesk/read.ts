import { basic, bearerOrBasic, type Credentials, memberOf, type TicketRecord, withId } from '../system.js';

export const zendeskTicket: TicketRecord = {
  path: (ticketId) => (/^[0-9]{1,18}$/.test(ticketId) ? `/api/v2/tickets/${ticketId}.json` : undefined),
  record: (body, ticketId) => withId(memberOf(body, 'ticket'), ['id'], ticketId),
};

/** An API token goes with `/token` behind its user; a token alone is one of OAuth. */
export function zendeskAuthorization(credentials: Credentials): string | undefined {
  const { username, token } = credentials;
  return username !== undefined && token !== undefined ? basic(`${username}/token`, token) : bearerOrBasic(credentials);
}
