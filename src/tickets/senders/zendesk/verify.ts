import type { Scheme } from '../signature.js';

/** https://developer.zendesk.com/documentation/webhooks/verifying/ */
export const scheme: Scheme = {
  proof: [{ header: 'x-zendesk-webhook-signature', prefix: '' }],
  encoding: 'base64',
  signed: 'timestamp, body',
  // Whether a retry gets a new timestamp is not documented: three times as long as for Standard Webhooks, so that none is refused.
  timestamp: { header: 'x-zendesk-webhook-signature-timestamp', form: 'ISO 8601', toleranceS: 900 },
  id: 'x-zendesk-webhook-invocation-id',
  secret: 'text',
};
