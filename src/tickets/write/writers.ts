import type { System } from '../../contracts/config/hook.js';
import { freshserviceWriter } from '../systems/freshservice/write.js';
import { githubWriter } from '../systems/github/write.js';
import { jiraWriter } from '../systems/jira/write.js';
import { pagerDutyWriter } from '../systems/pagerduty/write.js';
import { serviceNowWriter } from '../systems/servicenow/write.js';
import type { TicketWriter } from '../systems/writer.js';
import { zendeskWriter } from '../systems/zendesk/write.js';

/** Every system with an API. */
export const TICKET_WRITERS: Readonly<Record<Exclude<System, 'standard'>, TicketWriter>> = {
  servicenow: serviceNowWriter,
  jira: jiraWriter(3),
  'jira-dc': jiraWriter(2),
  zendesk: zendeskWriter,
  freshservice: freshserviceWriter,
  pagerduty: pagerDutyWriter,
  github: githubWriter,
};
