// The same events: https://developer.atlassian.com/server/jira/platform/webhooks/
export { translation } from '../jira/translate.js';
