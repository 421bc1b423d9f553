import { describe, expect, test } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { ticketServer } from '../../test/support/ticket-server.js';
import type { ReadTicket, TicketReading } from '../tickets/reading.js';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const NOW = new Date('2026-11-21T12:00:00Z');
const EVENT = { ticket: { id: 'CHG1', generation: '2' }, targets: { hostnames: ['web01'] } };
const CONFIG = `
playbooks: { patch: { run: { script: 72648 } }, other: { run: { script: 1 } } }
tickets: { snow: { system: servicenow }, jira: { system: jira }, named: { system: standard } }
hooks:
  snow: { system: standard, secrets: [{ env: S }], playbook: patch, ticket: snow }
  jira: { system: standard, secrets: [{ env: S }], playbook: patch, ticket: jira, approved: "fields.status.name == 'Approved'" }
  named: { system: standard, secrets: [{ env: S }], playbook: patch, ticket: named }
  chosen: { system: standard, secrets: [{ env: S }], playbook: { from: u_playbook, allow: [patch, other] }, ticket: snow }
  read:
    system: standard
    secrets: [{ env: S }]
    playbook: patch
    ticket: snow
    read: { ticket: number, generation: sys_mod_count, hostnames: "cmdb_cis[].name" }
`;

const approved = (more: object = {}): TicketReading => ({ kind: 'read', record: { approval: 'approved', ...more } });

function deliver(hook: string, readTicket?: ReadTicket, event: object = EVENT) {
  const { app, started } = ticketServer({ config: CONFIG, env: { S: SECRET }, now: NOW, ...(readTicket ? { readTicket } : {}) });
  const payload = JSON.stringify(event);
  const headers = {
    host: 'localhost',
    'content-type': 'application/json',
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(NOW.getTime() / 1000),
    'webhook-signature': new Webhook(SECRET).sign('msg_1', NOW, payload),
  };
  return app.inject({ method: 'POST', url: `/hooks/${hook}`, payload, headers }).then((answer) => ({ answer, started }));
}

describe('a hook that names its tickets', () => {
  test('reads the ticket of the event again, and starts what is approved there', async () => {
    const asked: unknown[] = [];
    const { answer, started } = await deliver('snow', async (hook, ticketId, { name, entry }) => {
      asked.push([hook.ticket, ticketId, name, entry.system]);
      return approved();
    });
    expect(answer.statusCode).toBe(202);
    expect(asked).toEqual([['snow', 'CHG1', 'snow', 'servicenow']]);
    expect([...started.keys()]).toEqual(['snow/CHG1/2']);
  });

  test.each<[string, string, unknown]>([
    ['snow', 'requested', { approval: 'requested' }],
    ['snow', 'without an approval', {}],
    ['snow', 'that is no record', null],
    ['jira', 'in another status', { fields: { status: { name: 'Open' } } }],
  ])('of %s: a ticket %s starts nothing', async (hook, _state, record) => {
    const { answer, started } = await deliver(hook, async () => ({ kind: 'read', record }));
    expect([answer.statusCode, answer.json()]).toEqual([200, { ignored: 'not approved' }]);
    expect(started.size).toBe(0);
  });

  test('503 and when to come back where the ticket cannot be read, after one more try; the reason stays in the log', async () => {
    let asked = 0;
    const { answer, started } = await deliver('snow', async () => {
      asked += 1;
      return { kind: 'unreadable', why: 'snow.internal answered 500' };
    });
    expect([answer.statusCode, answer.headers['retry-after'], asked]).toEqual([503, '15', 2]);
    expect(answer.body).not.toContain('internal');
    expect(started.size).toBe(0);
  });

  test('503 as well while nothing can read it: the event alone starts nothing', async () => {
    const { answer, started } = await deliver('snow');
    expect([answer.statusCode, answer.headers['retry-after'], started.size]).toEqual([503, '15', 0]);
  });

  test('one failure is forgiven', async () => {
    let asked = 0;
    const { answer } = await deliver('snow', async () => {
      asked += 1;
      if (asked === 1) throw new Error('socket hang up');
      return approved();
    });
    expect(answer.statusCode).toBe(202);
  });

  test('asks nobody for an event that starts nothing whatever its ticket says', async () => {
    const never: ReadTicket = async () => {
      throw new Error('was asked');
    };
    expect((await deliver('snow', never, { ticket: EVENT.ticket })).answer.json()).toEqual({ ignored: 'the event names no targets' });
    expect((await deliver('snow', never, { ...EVENT, playbook: 'other' })).answer.statusCode).toBe(422);
  });

  test('takes from the ticket what `read` names: what it no longer names does not come back from the event', async () => {
    const record = { number: 'CHG1', sys_mod_count: 7, cmdb_cis: [{ name: 'db01' }] };
    const { started } = await deliver('read', async () => approved(record));
    expect([...started.values()]).toEqual([
      expect.objectContaining({ workflowId: 'snow/CHG1/7', input: expect.objectContaining({ targets: { hostnames: ['db01'] } }) }),
    ]);
    const without = await deliver('read', async () => approved({ ...record, cmdb_cis: [] }));
    expect([without.answer.statusCode, without.started.size]).toEqual([422, 0]);
    const unknown = await deliver('read', async () => approved({ ...record, sys_mod_count: undefined }));
    expect([unknown.answer.statusCode, unknown.started.size]).toEqual([422, 0]);
  });

  test('lets the ticket as it is now choose the playbook, among those allowed', async () => {
    const event = { ...EVENT, u_playbook: 'patch' };
    const chosen = await deliver('chosen', async () => approved({ u_playbook: 'other' }), event);
    expect([...chosen.started.values()]).toEqual([expect.objectContaining({ memo: { playbook: 'other' } })]);
    const forbidden = await deliver('chosen', async () => approved({ u_playbook: 'wipe' }), event);
    expect([forbidden.answer.statusCode, forbidden.started.size]).toEqual([422, 0]);
  });

  test('reads nothing where the system of its tickets has no API', async () => {
    expect((await deliver('named')).answer.json()).toMatchObject({ workflowId: 'named/CHG1/2' });
  });
});
