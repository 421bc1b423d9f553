// Data Center signs as the cloud does: https://confluence.atlassian.com/adminjiraserver/managing-webhooks-938846912.html
export { scheme } from '../jira/verify.js';
