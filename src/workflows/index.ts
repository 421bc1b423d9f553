// What the worker registers: everything exported here is a workflow type by its name.
export { campaignStep } from './campaign-step.js';
export { remediationCampaign } from './remediation-campaign.js';
export { remediationRun } from './remediation-run.js';
