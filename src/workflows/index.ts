// What the worker registers: everything exported here is a workflow type by its name.
export { campaignStep } from './campaign/step.js';
export { remediationCampaign } from './campaign/workflow.js';
export { lookAtTickets } from './look-at-tickets.js';
export { remediationRun } from './run/workflow.js';
