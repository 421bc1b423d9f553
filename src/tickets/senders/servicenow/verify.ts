// ServiceNow signs nothing by itself: the business rule of docs/tickets/servicenow.md does, in the way of Standard Webhooks.
export { scheme } from '../standard/verify.js';
