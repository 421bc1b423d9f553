// Who may send ticket events. How each proves itself: NAME/verify.ts; what its events ask for: NAME/translate.ts. docs/tickets/README.md has
// the table.
import type { System } from '../../contracts/config/hook.js';
import { translation as freshserviceTranslation } from './freshservice/translate.js';
import { scheme as freshserviceScheme } from './freshservice/verify.js';
import { translation as githubTranslation } from './github/translate.js';
import { scheme as githubScheme } from './github/verify.js';
import { translation as jiraTranslation } from './jira/translate.js';
import { scheme as jiraScheme } from './jira/verify.js';
import { translation as jiraDcTranslation } from './jira-dc/translate.js';
import { scheme as jiraDcScheme } from './jira-dc/verify.js';
import { translation as pagerdutyTranslation } from './pagerduty/translate.js';
import { scheme as pagerdutyScheme } from './pagerduty/verify.js';
import type { Sender } from './sender.js';
import { translation as servicenowTranslation } from './servicenow/translate.js';
import { scheme as servicenowScheme } from './servicenow/verify.js';
import { translation as standardTranslation } from './standard/translate.js';
import { scheme as standardScheme } from './standard/verify.js';
import { translation as zendeskTranslation } from './zendesk/translate.js';
import { scheme as zendeskScheme } from './zendesk/verify.js';

export const SENDERS: Readonly<Record<System, Sender>> = {
  standard: { scheme: standardScheme, translation: standardTranslation, refusal: 422 },
  servicenow: { scheme: servicenowScheme, translation: servicenowTranslation, refusal: 422 },
  jira: { scheme: jiraScheme, translation: jiraTranslation, refusal: 422 },
  'jira-dc': { scheme: jiraDcScheme, translation: jiraDcTranslation, refusal: 422 },
  zendesk: { scheme: zendeskScheme, translation: zendeskTranslation, refusal: 422 },
  freshservice: { scheme: freshserviceScheme, translation: freshserviceTranslation, refusal: 422 },
  // Three deliveries in a row that it gives up, as it does at 4xx, switch a subscription off for a day.
  pagerduty: { scheme: pagerdutyScheme, translation: pagerdutyTranslation, refusal: 200 },
  github: { scheme: githubScheme, translation: githubTranslation, refusal: 422 },
};
