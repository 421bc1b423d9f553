// What each system would send: written from the vendors' documents, not from the code that verifies it.
import { createHmac } from 'node:crypto';
import { SYSTEMS, type System } from '../../src/contracts/config/hook.js';

export const NOW = new Date('2026-11-21T12:00:00Z');
/** Base64 for those that decode it, and printable for those that do not. */
export const SECRET = 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

type Headers = Record<string, string>;

const hmac = (key: string | Buffer, ...parts: (string | Uint8Array)[]) =>
  parts.reduce<ReturnType<typeof createHmac>>((sum, part) => sum.update(part), createHmac('sha256', key));

function standard(body: Uint8Array, secret: string, now: Date): Headers {
  const at = String(Math.floor(now.getTime() / 1000));
  const signature = hmac(Buffer.from(secret, 'base64'), `msg_1.${at}.`, body).digest('base64');
  return { 'webhook-id': 'msg_1', 'webhook-timestamp': at, 'webhook-signature': `v1,${signature}` };
}

function jira(body: Uint8Array, secret: string): Headers {
  return { 'x-atlassian-webhook-identifier': 'w-1', 'x-hub-signature': `sha256=${hmac(secret, body).digest('hex')}` };
}

const SIGN: Record<System, (body: Uint8Array, secret: string, now: Date) => Headers> = {
  standard,
  servicenow: standard,
  jira,
  'jira-dc': jira,
  zendesk: (body, secret, now) => {
    const at = now.toISOString().replace('.000Z', 'Z');
    const signature = hmac(secret, at, body).digest('base64');
    return {
      'x-zendesk-webhook-signature-timestamp': at,
      'x-zendesk-webhook-signature': signature,
      'x-zendesk-webhook-invocation-id': 'i-1',
    };
  },
  freshservice: (_body, secret) => ({ authorization: `Bearer ${secret}` }),
  pagerduty: (body, secret) => ({
    'x-webhook-id': 'w-1',
    'x-pagerduty-signature': `v1=${hmac('the other secret', body).digest('hex')},v1=${hmac(secret, body).digest('hex')}`,
  }),
  github: (body, secret) => ({
    'x-github-delivery': 'd-1',
    'x-github-event': 'issues',
    'x-hub-signature': `sha1=${createHmac('sha1', secret).update(body).digest('hex')}`,
    'x-hub-signature-256': `sha256=${hmac(secret, body).digest('hex')}`,
  }),
};

export function headersOf(system: System, body: Uint8Array | string, { secret = SECRET, now = NOW } = {}): Headers {
  return { host: 'localhost', 'content-type': 'application/json', ...SIGN[system](Buffer.from(body), secret, now) };
}

export function deliveryOf(system: System, event: unknown, signing: { secret?: string; now?: Date } = {}) {
  const payload = Buffer.isBuffer(event) || typeof event === 'string' ? event : JSON.stringify(event);
  return { method: 'POST' as const, url: `/hooks/${system}`, payload, headers: headersOf(system, payload, signing) };
}

/** A hook for each system, of the same name, all for one playbook and with secret `S`; what reads again says what is approved. */
export const EVERY_SYSTEM = [
  'playbooks: { patch: { run: { script: 72648 }, targets: { choose: [assetIds, hostnames], max: 50 } } }',
  `tickets: { ${SYSTEMS.map((system) => `${system}: { system: ${system}, username: { env: ACCOUNT } }`).join(', ')} }`,
  'hooks:',
  ...SYSTEMS.map((system) => {
    const reading = system === 'standard' ? '' : `, ticket: ${system}, approved: approved`;
    return `  ${system}: { system: ${system}, secrets: [{ env: S }], playbook: patch${reading} }`;
  }),
].join('\n');

export const ENVIRONMENT = { S: SECRET, ACCOUNT: 'overhaul@example.com' };
