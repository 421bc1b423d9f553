// What the worker registers: everything exported here is a workflow type by its name.
export { remediationRun } from './remediation-run.js';
