import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { deliveryOf, ENVIRONMENT, EVERY_SYSTEM, headersOf, NOW } from '../../test/support/deliveries.js';
import { ticketServer } from '../../test/support/ticket-server.js';
import { SYSTEMS, type System } from '../contracts/config/hook.js';

/** With FUZZED_BODIES=10000 more: they take minutes. */
const BODIES = Number(process.env.FUZZED_BODIES ?? 1_000);

const WORDS = [
  ...['ticket', 'targets', 'hostnames', 'assetIds', 'playbook', 'event', 'data', 'custom_fields', 'issue', 'fields', 'changelog', 'items'],
  ...[
    'action',
    'label',
    'detail',
    'id',
    'name',
    'value',
    'type',
    'webhookEvent',
    'timestamp',
    'body',
    'comment',
    '__proto__',
    'constructor',
  ],
  ...[
    'labeled',
    'overhaul',
    'jira:issue_updated',
    'status',
    'incident.custom_field_values.updated',
    'overhaul_approval',
    '',
    '\u0000',
    '\ud800',
  ],
];
const word = fc.oneof(fc.constantFrom(...WORDS), fc.string());
const { value } = fc.letrec((tie) => ({
  leaf: fc.oneof(word, fc.integer(), fc.double(), fc.boolean(), fc.constant(null), fc.constant(2 ** 60)),
  value: fc.oneof(
    { maxDepth: 5 },
    tie('leaf'),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(word, tie('value'), { maxKeys: 5 }),
  ),
}));
const body: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 6, arbitrary: value.map((content) => Buffer.from(JSON.stringify(content) ?? '')) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
  { weight: 1, arbitrary: fc.string().map((text) => Buffer.from(text)) },
  { weight: 1, arbitrary: fc.integer({ min: 60, max: 5_000 }).map((depth) => Buffer.from('['.repeat(depth) + ']'.repeat(depth))) },
);

/** Every system with a reader that approves whatever it is asked for: what is not refused before would start. */
const server = (readTicket?: 'approves') =>
  ticketServer({
    config: EVERY_SYSTEM,
    env: ENVIRONMENT,
    now: NOW,
    ...(readTicket ? { readTicket: async () => ({ kind: 'read' as const, record: { approved: true } }) } : {}),
  });

describe(`${BODIES} random bodies`, () => {
  test.each(SYSTEMS)(
    'of %s, half of them rightly signed: no crash, no 5xx, nothing polluted, and nothing started',
    async (system) => {
      const { app, started } = server('approves');
      const statuses = new Map<number, number>();
      const members = Object.getOwnPropertyNames(Object.prototype).join();
      const property = fc.asyncProperty(body, fc.boolean(), async (payload, signed) => {
        const headers = headersOf(system, payload, signed ? {} : { secret: 'c29tZWJvZHkgZWxzZQ==' });
        const answer = await app.inject({ method: 'POST', url: `/hooks/${system}`, payload, headers });
        statuses.set(answer.statusCode, (statuses.get(answer.statusCode) ?? 0) + 1);
        return signed ? [200, 422].includes(answer.statusCode) : answer.statusCode === 401;
      });
      await fc.assert(property, { numRuns: BODIES, seed: 13 });
      expect(started.size).toBe(0);
      expect(Object.getOwnPropertyNames(Object.prototype).join()).toBe(members);
      expect([...statuses.keys()].sort()).toContain(401);
    },
    600_000,
  );
});

const HOSTS = { hostnames: ['web01'] };
const sentAt = NOW.getTime() - 1_000;
/** For each system the smallest event that asks. */
const ASKING: Record<System, object> = {
  standard: { ticket: { id: 'T1', generation: '1' }, targets: HOSTS },
  servicenow: { number: 'T1', sys_mod_count: 1, cmdb_cis: [{ name: 'web01' }] },
  jira: { webhookEvent: 'jira:issue_created', timestamp: sentAt, issue: { key: 'T1' } },
  'jira-dc': { webhookEvent: 'jira:issue_created', timestamp: sentAt, issue: { key: 'T1' } },
  zendesk: { ticket: { id: 'T1', generation: '1' }, hosts: 'web01' },
  freshservice: { ticket: { id: 'T1', generation: '1' }, hosts: 'web01' },
  pagerduty: {
    event: {
      event_type: 'incident.custom_field_values.updated',
      occurred_at: new Date(sentAt).toISOString(),
      data: {
        incident: { id: 'T1' },
        custom_fields: [
          { name: 'overhaul_approval', value: '1' },
          { name: 'overhaul_hosts', value: ['web01'] },
        ],
        changed_custom_fields: [{ name: 'overhaul_approval' }],
      },
    },
  },
  github: {
    action: 'labeled',
    label: { name: 'overhaul' },
    issue: { number: 1, body: '### Hosts\nweb01' },
    repository: { full_name: 'o/r' },
  },
};
/** The two Jiras have hosts in a field that every site names for itself; GitHub's are in the issue as read. */
const CONFIG = EVERY_SYSTEM.replaceAll(/(jira|jira-dc)(, approved: approved)/g, '$1$2, read: { hostnames: hosts }');

describe.each(SYSTEMS.filter((system) => system !== 'standard'))('an event of %s that asks', (system) => {
  const deliver = (record: unknown, readable = true) => {
    const reading = readable ? { kind: 'read' as const, record } : { kind: 'unreadable' as const, why: 'down' };
    const { app, started } = ticketServer({ config: CONFIG, env: ENVIRONMENT, now: NOW, readTicket: async () => reading });
    return app.inject(deliveryOf(system, ASKING[system])).then((answer) => ({ answer, started }));
  };

  test('starts what is approved in its ticket, once, and is 200 when it comes again', async () => {
    const record = { approved: true, hosts: ['web01'], body: '### Hosts\nweb01' };
    const { app, started } = ticketServer({
      config: CONFIG,
      env: ENVIRONMENT,
      now: NOW,
      readTicket: async () => ({ kind: 'read', record }),
    });
    expect((await app.inject(deliveryOf(system, ASKING[system]))).statusCode).toBe(202);
    expect((await app.inject(deliveryOf(system, ASKING[system]))).statusCode).toBe(200);
    const [run] = [...started.values()];
    expect([started.size, run?.input]).toEqual([1, expect.objectContaining({ targets: HOSTS, maxAssets: 50 })]);
    expect(run?.input.ticket).toMatchObject({ hook: system, system });
  });

  test('starts nothing that is not approved there, and nothing while it cannot be read', async () => {
    const not = await deliver({ approved: false });
    expect([not.answer.statusCode, not.answer.json(), not.started.size]).toEqual([200, { ignored: 'not approved' }, 0]);
    const down = await deliver({}, false);
    expect([down.answer.statusCode, down.answer.headers['retry-after'], down.started.size]).toEqual([503, '15', 0]);
  });

  test('starts nothing with a reader that is not there', async () => {
    const { app, started } = ticketServer({ config: CONFIG, env: ENVIRONMENT, now: NOW });
    expect([(await app.inject(deliveryOf(system, ASKING[system]))).statusCode, started.size]).toEqual([503, 0]);
  });

  test('and is not UTF-8, though rightly signed, is 422', async () => {
    const { app } = server();
    expect((await app.inject(deliveryOf(system, Buffer.from([0x22, 0xc3, 0x28, 0x22])))).statusCode).toBe(422);
  });
});

test('PagerDuty is told 200 where others are told 422 and 409: its subscription would be switched off', async () => {
  const { app, started } = ticketServer({
    config: EVERY_SYSTEM,
    env: ENVIRONMENT,
    now: NOW,
    readTicket: async () => ({ kind: 'read', record: { approved: true } }),
  });
  const event = JSON.stringify(ASKING.pagerduty);
  const refused = await app.inject(deliveryOf('pagerduty', event.replace('"web01"', '7')));
  expect([refused.statusCode, refused.json()]).toEqual([200, { ignored: expect.stringContaining('targets.hostnames[0]') }]);
  expect((await app.inject(deliveryOf('pagerduty', event))).statusCode).toBe(202);
  const other = await app.inject(deliveryOf('pagerduty', event.replace('"web01"', '"web02"')));
  expect([other.statusCode, other.json(), started.size]).toEqual([200, { ignored: expect.stringContaining('pagerduty/T1/1') }, 1]);
});
