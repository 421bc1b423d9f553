// The business rule to paste, as it stands in docs/tickets/servicenow.md, against the server. ServiceNow's engine is synchronous: the rule
// runs in a thread of its own, which waits while this one answers.
import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { ticketServer } from '../../test/support/ticket-server.js';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const CONFIG = `
playbooks: { patch: { run: { script: 72648 }, targets: { choose: [hostnames], match: label } } }
tickets: { snow: { system: servicenow } }
hooks: { snow: { system: servicenow, secrets: [{ env: S }], playbook: patch, ticket: snow } }
`;
const RULE = /```js\n([\s\S]*?)```/.exec(readFileSync(new URL('../../docs/tickets/servicenow.md', import.meta.url), 'utf8'))?.[1] ?? '';

interface Change {
  record: Record<string, string>;
  /** Names of the affected configuration items. */
  affected?: string[];
  properties?: Record<string, string>;
}

/** Stand-ins for the Glide classes, with no more than their documents promise. */
const STAND_INS = `
const { workerData, parentPort } = require('node:worker_threads');
const { createHmac } = require('node:crypto');
const vm = require('node:vm');
const { rule, record, affected, properties, flag } = workerData;
const log = [];
function GlideRecord(table) { this.table = table; this.at = -1; this.filters = {}; }
GlideRecord.prototype.addQuery = function (field, value) { this.filters[field] = value; };
GlideRecord.prototype.query = function () { this.rows = this.table === 'task_ci' && this.filters.task === record.sys_id ? affected : []; };
GlideRecord.prototype.next = function () { this.at += 1; return this.at < this.rows.length; };
GlideRecord.prototype.getValue = function (field) { return field === 'ci_item' ? 'ci' + this.at : null; };
GlideRecord.prototype.getDisplayValue = function (field) { return field === 'ci_item' ? this.rows[this.at] : null; };
const current = {
  getUniqueValue: () => record.sys_id,
  getTableName: () => 'change_request',
  getValue: (field) => record[field] ?? null,
  getDisplayValue: (field) => record[field + '.display'] ?? record[field] ?? null,
};
const gs = { getProperty: (name) => properties[name] ?? null, error: (text) => log.push(String(text)) };
function GlideCertificateEncryption() {}
GlideCertificateEncryption.prototype.generateMac = (key, algorithm, data) => {
  if (algorithm !== 'HmacSHA256') throw new Error('no such algorithm: ' + algorithm);
  return createHmac('sha256', Buffer.from(key, 'base64')).update(data, 'latin1').digest('base64');
};
function RESTMessageV2() { this.headers = {}; }
RESTMessageV2.prototype.setEndpoint = function (url) { this.url = url; };
RESTMessageV2.prototype.setHttpMethod = function (method) { this.method = method; };
RESTMessageV2.prototype.setHttpTimeout = function () {};
RESTMessageV2.prototype.setRequestHeader = function (name, value) { this.headers[name] = value; };
RESTMessageV2.prototype.setRequestBody = function (body) { this.body = body; };
RESTMessageV2.prototype.execute = function () {
  parentPort.postMessage({ url: this.url, method: this.method, headers: this.headers, body: this.body });
  const answer = new Int32Array(flag);
  Atomics.wait(answer, 0, 0);
  const status = answer[0];
  if (status < 0) throw new Error('connection refused');
  return { getStatusCode: () => status };
};
// None of the globals of this engine: Rhino has no console, no fetch, no Buffer.
vm.runInNewContext(rule, { current, previous: null, gs, GlideRecord, GlideCertificateEncryption, sn_ws: { RESTMessageV2 } });
parentPort.postMessage({ log });
`;

interface Sent {
  url: string;
  method: string;
  headers: Record<string, string>;
  body: string;
}

/** Runs the rule once; what it sends goes to the server for real. */
function approve({ record, affected = [], properties = {} }: Change): Promise<{ log: string[]; sent: Sent[]; statuses: number[] }> {
  const flag = new SharedArrayBuffer(4);
  const given = {
    'overhaul.endpoint': `${url}/hooks/snow`,
    'overhaul.secret': SECRET,
    'glide.servlet.uri': 'https://example.service-now.com/',
  };
  const workerData = { rule: RULE, record, affected, properties: { ...given, ...properties }, flag };
  const worker = new Worker(STAND_INS, { eval: true, workerData });
  const sent: Sent[] = [];
  const statuses: number[] = [];
  return new Promise((resolve, reject) => {
    worker.on('error', reject);
    worker.on('message', (message: Sent | { log: string[] }) => {
      if ('log' in message) {
        resolve({ log: message.log, sent, statuses });
        return;
      }
      sent.push(message);
      fetch(message.url, message)
        .then(
          ({ status }) => status,
          () => -1,
        )
        .then((status) => {
          statuses.push(status);
          const answer = new Int32Array(flag);
          Atomics.store(answer, 0, status);
          Atomics.notify(answer, 0);
        }, reject);
    });
  });
}

const CHANGE = {
  number: 'CHG0030001',
  sys_id: 'c83c5e5347c12200e0ef563dbb9a7190',
  sys_mod_count: '7',
  approval: 'approved',
  short_description: 'OpenSSL ü ✓ "now" \\ then',
  'requested_by.display': 'Ada Example',
  cmdb_ci: 'a1',
  'cmdb_ci.display': 'web09',
};

let app: FastifyInstance;
let started: ReturnType<typeof ticketServer>['started'];
let url: string;
let approval = 'approved';
const asked: string[] = [];

beforeAll(async () => {
  const readTicket = async (_hook: unknown, ticketId: string) => {
    asked.push(ticketId);
    return { kind: 'read' as const, record: { number: ticketId, approval } };
  };
  ({ app, started } = ticketServer({ config: CONFIG, env: { S: SECRET }, now: new Date(), readTicket }));
  url = await app.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(() => app.close());

describe('the business rule to paste', () => {
  test('is ES5, which is what ServiceNow runs', () => {
    expect(RULE).toContain('generateMac');
    const code = RULE.replace(/\/\*.*?\*\/|\/\/.*/g, '');
    expect(code).not.toMatch(/=>|`|\.\.\.|\?\.|\?\?|\*\*|\b(?:let|const|class|async|await|of)\b/);
  });

  test('starts the run of an approved change on its configuration items, and the same change again is the same run', async () => {
    const { log, statuses, sent } = await approve({ record: CHANGE, affected: ['web01', 'web02'] });
    expect([log, statuses, asked]).toEqual([[], [202], ['CHG0030001']]);
    expect(sent[0]?.body).toMatch(/^[\x20-\x7e]+$/);
    expect([...started.values()]).toEqual([
      expect.objectContaining({
        workflowId: 'snow/CHG0030001/7',
        input: expect.objectContaining({
          targets: { hostnames: ['web01', 'web02'], match: 'label' },
          requestedBy: 'Ada Example',
          reason: CHANGE.short_description,
          ticket: expect.objectContaining({
            id: 'CHG0030001',
            url: 'https://example.service-now.com/change_request.do?sys_id=c83c5e5347c12200e0ef563dbb9a7190',
          }),
        }),
      }),
    ]);
    expect((await approve({ record: CHANGE, affected: ['web01', 'web02'] })).statuses).toEqual([200]);
    expect(started.size).toBe(1);
  });

  test('takes the configuration item of the change where none is affected, and asks for nothing where there is none at all', async () => {
    await approve({ record: { ...CHANGE, number: 'CHG0030002' } });
    expect(started.get('snow/CHG0030002/7')?.input).toMatchObject({ targets: { hostnames: ['web09'] } });
    const { cmdb_ci: _none, ...without } = { ...CHANGE, number: 'CHG0030003' };
    expect((await approve({ record: without })).statuses).toEqual([200]);
    expect(started.has('snow/CHG0030003/7')).toBe(false);
  });

  test('starts nothing when the approval was taken back meanwhile', async () => {
    approval = 'rejected';
    expect((await approve({ record: { ...CHANGE, number: 'CHG0030004' } })).statuses).toEqual([200]);
    approval = 'approved';
    expect(started.has('snow/CHG0030004/7')).toBe(false);
  });

  test.each<[string, Record<string, string>, RegExp]>([
    ['a wrong secret', { 'overhaul.secret': 'c29tZWJvZHkgZWxzZQ==' }, /CHG0030005 was answered with 401/],
    ['an address where nobody is', { 'overhaul.endpoint': 'http://127.0.0.1:9/hooks/snow' }, /CHG0030005 could not be sent/],
    ['no secret', { 'overhaul.secret': '' }, /set the properties/],
  ])('writes an error with %s', async (_name, properties, error) => {
    const { log } = await approve({ record: { ...CHANGE, number: 'CHG0030005' }, properties });
    expect(log).toEqual([expect.stringMatching(error)]);
    expect(started.has('snow/CHG0030005/7')).toBe(false);
  });
});
