import { basic, bearerOrBasic, type Credentials, type TicketRecord, withId } from '../system.js';

const KEY_OR_ID = /^(?:[A-Za-z][A-Za-z0-9_]{0,80}-)?[0-9]{1,18}$/;

/** Cloud has API version 3, Data Center 2. A moved issue is found by its old key too, and shows its new one: another ticket. */
export function jiraIssue(version: 2 | 3): TicketRecord {
  return {
    path: (ticketId) => (KEY_OR_ID.test(ticketId) ? `/rest/api/${version}/issue/${ticketId}` : undefined),
    record: (body, ticketId) => withId(body, ['key', 'id'], ticketId),
  };
}

/** An API token of Cloud is the password of its user. */
export function jiraCloudAuthorization(credentials: Credentials): string | undefined {
  const { username, token } = credentials;
  return username !== undefined && token !== undefined ? basic(username, token) : bearerOrBasic(credentials);
}
