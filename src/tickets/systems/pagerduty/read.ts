import { bearerOrBasic, type Credentials, memberOf, type TicketRecord, withId } from '../system.js';

export const pagerDutyIncident: TicketRecord = {
  path: (ticketId) => (/^[A-Za-z0-9]{1,40}$/.test(ticketId) ? `/incidents/${ticketId}` : undefined),
  headers: { accept: 'application/vnd.pagerduty+json;version=2' },
  record: (body, ticketId) => withId(memberOf(body, 'incident'), ['id'], ticketId),
};

export function pagerDutyAuthorization(credentials: Credentials): string | undefined {
  return credentials.token === undefined ? bearerOrBasic(credentials) : `Token token=${credentials.token}`;
}
