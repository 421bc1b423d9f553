import type { System } from '../../contracts/config/hook.js';
import { freshserviceSearch, freshserviceTicket } from '../systems/freshservice/read.js';
import { githubIssue, githubSearch } from '../systems/github/read.js';
import { jiraCloudAuthorization, jiraCloudSearch, jiraIssue, jiraSearch } from '../systems/jira/read.js';
import { pagerDutyAuthorization, pagerDutyIncident, pagerDutySearch } from '../systems/pagerduty/read.js';
import { serviceNowRecord, serviceNowSearch } from '../systems/servicenow/read.js';
import { bearerOrBasic, type TicketSystem } from '../systems/system.js';
import { zendeskAuthorization, zendeskSearch, zendeskTicket } from '../systems/zendesk/read.js';

/** Every system with an API. */
export const TICKET_SYSTEMS: Readonly<Record<Exclude<System, 'standard'>, TicketSystem>> = {
  servicenow: {
    authorization: bearerOrBasic,
    probe: '/api/now/table/change_request?sysparm_limit=1&sysparm_fields=sys_id',
    read: serviceNowRecord,
    search: serviceNowSearch,
  },
  jira: { authorization: jiraCloudAuthorization, probe: '/rest/api/3/myself', read: jiraIssue(3), search: jiraCloudSearch },
  'jira-dc': { authorization: bearerOrBasic, probe: '/rest/api/2/myself', read: jiraIssue(2), search: jiraSearch },
  zendesk: { authorization: zendeskAuthorization, probe: '/api/v2/tickets.json?per_page=1', read: zendeskTicket, search: zendeskSearch },
  freshservice: { authorization: bearerOrBasic, probe: '/api/v2/tickets?per_page=1', read: freshserviceTicket, search: freshserviceSearch },
  pagerduty: {
    ...{ url: 'https://api.pagerduty.com', authorization: pagerDutyAuthorization, probe: '/incidents?limit=1' },
    read: pagerDutyIncident,
    search: pagerDutySearch,
  },
  // Also for the token of an app, which is nobody; a wrong one is refused here as elsewhere.
  github: { url: 'https://api.github.com', authorization: bearerOrBasic, probe: '/rate_limit', read: githubIssue, search: githubSearch },
};
