import type { Scheme } from '../signature.js';

/** V3 webhooks: https://developer.pagerduty.com/docs/verifying-webhook-signatures. Several signatures while a secret is rotated. */
export const scheme: Scheme = {
  proof: [{ header: 'x-pagerduty-signature', prefix: 'v1=' }],
  encoding: 'hex',
  signed: 'body',
  separator: ',',
  id: 'x-webhook-id',
  secret: 'text',
};
