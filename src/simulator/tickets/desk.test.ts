import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Hook } from '../../contracts/config/hook.js';
import { createTicketHttp, type TicketHttp } from '../../tickets/http/client.js';
import { createReadTicket } from '../../tickets/read/read-ticket.js';
import { type Simulator, startSimulator } from '../index.js';

const AUTH = `Basic ${Buffer.from('demo:demo').toString('base64')}`;
let simulator: Simulator;
let http: TicketHttp;

beforeEach(async () => {
  simulator = await startSimulator({ assets: 1, tickets: true });
  http = createTicketHttp({ allow: () => ['127.0.0.0/8'] });
});
afterEach(async () => {
  await http.close();
  await simulator.close();
});

const call = async (path: string, more: { method?: string; body?: object; authorization?: string } = {}) => {
  const { method = 'GET', body, authorization = AUTH } = more;
  const answer = await fetch(simulator.url + path, { method, headers: { authorization }, ...(body ? { body: JSON.stringify(body) } : {}) });
  return { status: answer.status, body: (await answer.json()) as { result?: Record<string, string> | Record<string, string>[] } };
};

async function sysId(): Promise<string> {
  const { body } = await call(`/api/now/table/change_request?sysparm_query=${encodeURIComponent('number=CHG0030001')}`);
  return Array.isArray(body.result) ? (body.result[0]?.sys_id ?? '') : '';
}

describe('the simulated ticket system', () => {
  test('is read by the reader of ServiceNow, by number and by sys_id', async () => {
    const hook: Hook = { system: 'standard', secrets: [{ env: 'S' }], playbook: 'p', ticket: 'snow' };
    const entry = { system: 'servicenow' as const, url: simulator.url, username: { env: 'U' }, password: { env: 'U' } };
    const read = createReadTicket(http, { U: 'demo' });
    for (const id of ['CHG0030001', await sysId()]) {
      const reading = await read(hook, id, { name: 'snow', entry, signal: new AbortController().signal });
      expect(reading).toMatchObject({ kind: 'read', record: { number: 'CHG0030001', approval: 'approved' } });
    }
  });

  test('takes state and work notes, counts each write, and shows them', async () => {
    const path = `/api/now/table/change_request/${await sysId()}`;
    const written = await call(path, { method: 'PATCH', body: { state: '-1', work_notes: 'accepted overhaul:snow/1/2' } });
    expect(written.body.result).toMatchObject({ state: '-1', sys_mod_count: '1' });
    expect(written.body.result).not.toHaveProperty('work_notes');
    await call(path, { method: 'PATCH', body: { work_notes: 'done' } });
    const query = encodeURIComponent(`element_id=${await sysId()}^element=work_notes^valueLIKEoverhaul:`);
    const journal = await call(`/api/now/table/sys_journal_field?sysparm_query=${query}`);
    expect(journal.body.result).toEqual([expect.objectContaining({ value: 'accepted overhaul:snow/1/2' })]);
    const page = await (await fetch(`${simulator.url}/tickets`)).text();
    expect(page).toMatch(/CHG0030001 .*approval: approved {2}state: -1\n.*accepted overhaul:snow\/1\/2\n.*done/);
    expect(simulator.state.tickets[0]?.notes).toHaveLength(2);
  });

  test('makes tickets, and refuses strangers, unknown records and bodies that are none', async () => {
    const made = await call('/api/now/table/incident', { method: 'POST', body: { approval: 'requested' } });
    expect([made.status, made.body.result]).toEqual([201, expect.objectContaining({ number: 'INC0030002', approval: 'requested' })]);
    expect((await call('/api/now/table/incident', { authorization: 'Basic eA==' })).status).toBe(401);
    expect((await call(`/api/now/table/incident/${'0'.repeat(32)}`)).status).toBe(404);
    expect((await call(`/api/now/table/change_request/${await sysId()}`, { method: 'PATCH' })).status).toBe(400);
    expect((await call('/api/now/import/x')).status).toBe(400);
  });

  test('is not there unless it is asked for', async () => {
    const plain = await startSimulator({ assets: 1 });
    const answer = await fetch(`${plain.url}/tickets`);
    expect(answer.ok).toBe(false);
    await plain.close();
  });
});
