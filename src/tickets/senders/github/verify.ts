import type { Scheme } from '../signature.js';

/** https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries. The older header with sha1 is not looked at. */
export const scheme: Scheme = {
  proof: [{ header: 'x-hub-signature-256', prefix: 'sha256=' }],
  encoding: 'hex',
  signed: 'body',
  id: 'x-github-delivery',
  secret: 'text',
};
