import type { Scheme } from '../signature.js';

/** Standard Webhooks 1.0.0, the symmetric scheme: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
export const scheme: Scheme = {
  proof: [{ header: 'webhook-signature', prefix: 'v1,' }],
  encoding: 'base64',
  signed: 'id.timestamp.body',
  separator: ' ',
  timestamp: { header: 'webhook-timestamp', form: 'seconds', toleranceS: 300 },
  id: 'webhook-id',
  secret: 'base64',
};
