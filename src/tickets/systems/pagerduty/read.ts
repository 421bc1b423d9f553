import {
  bearerOrBasic,
  type Credentials,
  memberOf,
  recordsOf,
  type TicketFinding,
  type TicketPart,
  type TicketRecord,
  withId,
} from '../system.js';

/** An incident itself has none of them: https://developer.pagerduty.com/api-reference, "Get Custom Field Values of an Incident". */
const customFields: TicketPart = {
  isOptional: true,
  path: ({ id }) => `/incidents/${String(id)}/custom_fields/values`,
  add(record, body) {
    const fields = memberOf(body, 'custom_fields');
    return Array.isArray(fields) ? { ...record, custom_fields: fields } : undefined;
  },
};

export const pagerDutyIncident: TicketRecord = {
  path: (ticketId) => (/^[A-Za-z0-9]{1,40}$/.test(ticketId) ? `/incidents/${ticketId}` : undefined),
  headers: { accept: 'application/vnd.pagerduty+json;version=2' },
  record: (body, ticketId) => withId(memberOf(body, 'incident'), ['id'], ticketId),
  parts: [customFields],
};

export function pagerDutyAuthorization(credentials: Credentials): string | undefined {
  return credentials.token === undefined ? bearerOrBasic(credentials) : `Token token=${credentials.token}`;
}

const PAGE = 100;

/** `find` is what the list of incidents takes, such as `statuses[]=acknowledged&service_ids[]=P1`. */
export const pagerDutySearch: TicketFinding = {
  pageSize: PAGE,
  path({ find, page }) {
    const query = new URLSearchParams(find);
    for (const [name, value] of [['sort_by', 'created_at:desc'] as const, ['limit', PAGE] as const, ['offset', page * PAGE] as const])
      query.set(name, String(value));
    return `/incidents?${query.toString()}`;
  },
  rows: (body) => recordsOf(memberOf(body, 'incidents')),
};
