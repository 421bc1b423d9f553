import type { Scheme } from '../signature.js';

/**
 * Webhooks of Jira's administration with a secret: https://developer.atlassian.com/cloud/jira/platform/webhooks/#secure-admin-webhooks. WebSub
 * lets a sender choose the hash; only sha256 is taken.
 */
export const scheme: Scheme = {
  proof: [{ header: 'x-hub-signature', prefix: 'sha256=' }],
  encoding: 'hex',
  signed: 'body',
  id: 'x-atlassian-webhook-identifier',
  secret: 'text',
};
