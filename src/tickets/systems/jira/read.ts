import {
  basic,
  bearerOrBasic,
  type Credentials,
  memberOf,
  queryString,
  type ReadingHook,
  recordsOf,
  type TicketFinding,
  type TicketRecord,
  withId,
} from '../system.js';

const KEY_OR_ID = /^(?:[A-Za-z][A-Za-z0-9_]{0,80}-)?[0-9]{1,18}$/;
const PAGE = 100;

/** Cloud has API version 3, Data Center 2. A moved issue is found by its old key too, and shows its new one: another ticket. */
export function jiraIssue(version: 2 | 3): TicketRecord {
  return {
    path(ticketId, hook) {
      if (!KEY_OR_ID.test(ticketId)) return undefined;
      return `/rest/api/${version}/issue/${ticketId}${needsChangelog(hook) ? '?expand=changelog' : ''}`;
    },
    record: (body, ticketId) => withId(body, ['key', 'id'], ticketId),
  };
}

/** Its changes of status tell what authorises a run, unless the hook says where else that stands. */
function needsChangelog({ system, map, read }: ReadingHook): boolean {
  return system !== 'standard' && map?.generation === undefined && read?.generation === undefined;
}

/** Issues are read one by one afterwards: the search only names them. */
export const jiraCloudSearch: TicketFinding = {
  pageSize: PAGE,
  path({ find, token }) {
    const query = { jql: find, fields: 'key', maxResults: PAGE, ...(token === undefined ? {} : { nextPageToken: token }) };
    return `/rest/api/3/search/jql?${queryString(query)}`;
  },
  rows: (body) => recordsOf(memberOf(body, 'issues')),
  token(body) {
    const token = memberOf(body, 'nextPageToken');
    return typeof token === 'string' && token !== '' ? token : undefined;
  },
};

export const jiraSearch: TicketFinding = {
  pageSize: PAGE,
  path: ({ find, page }) => `/rest/api/2/search?${queryString({ jql: find, fields: 'key', maxResults: PAGE, startAt: page * PAGE })}`,
  rows: (body) => recordsOf(memberOf(body, 'issues')),
};

/** An API token of Cloud is the password of its user. */
export function jiraCloudAuthorization(credentials: Credentials): string | undefined {
  const { username, token } = credentials;
  return username !== undefined && token !== undefined ? basic(username, token) : bearerOrBasic(credentials);
}
