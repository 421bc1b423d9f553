import type { System } from '../../contracts/config/hook.js';
import { freshserviceTicket } from '../systems/freshservice/read.js';
import { githubIssue } from '../systems/github/read.js';
import { jiraCloudAuthorization, jiraIssue } from '../systems/jira/read.js';
import { pagerDutyAuthorization, pagerDutyIncident } from '../systems/pagerduty/read.js';
import { serviceNowRecord } from '../systems/servicenow/read.js';
import { bearerOrBasic, type TicketSystem } from '../systems/system.js';
import { zendeskAuthorization, zendeskTicket } from '../systems/zendesk/read.js';

/** Every system with an API. */
export const TICKET_SYSTEMS: Readonly<Record<Exclude<System, 'standard'>, TicketSystem>> = {
  servicenow: { authorization: bearerOrBasic, read: serviceNowRecord },
  jira: { authorization: jiraCloudAuthorization, read: jiraIssue(3) },
  'jira-dc': { authorization: bearerOrBasic, read: jiraIssue(2) },
  zendesk: { authorization: zendeskAuthorization, read: zendeskTicket },
  freshservice: { authorization: bearerOrBasic, read: freshserviceTicket },
  pagerduty: { url: 'https://api.pagerduty.com', authorization: pagerDutyAuthorization, read: pagerDutyIncident },
  github: { url: 'https://api.github.com', authorization: bearerOrBasic, read: githubIssue },
};
