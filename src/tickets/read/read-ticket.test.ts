import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { TicketsEntry } from '../../contracts/config/file.js';
import type { Hook } from '../../contracts/config/hook.js';
import type { TicketAnswer, TicketHttp, TicketRequest } from '../http/client.js';
import { createReadTicket } from './read-ticket.js';

const SYS_ID = '0123456789abcdef0123456789abcdef';
const hookOf = (more: Partial<Hook> = {}): Hook => ({ system: 'standard', secrets: [{ env: 'S' }], playbook: 'p', ticket: 't', ...more });
const ENV = { USER: 'ada', PASSWORD: 'pass', TOKEN: 'tok' };
const USER = { username: { env: 'USER' } };
const PASSWORD = { ...USER, password: { env: 'PASSWORD' } };
const TOKEN = { token: { env: 'TOKEN' } };
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

async function reading(
  entry: TicketsEntry,
  id: string,
  answer: Partial<TicketAnswer> = {},
  { hook = {}, parts = {} }: { hook?: Partial<Hook>; parts?: Record<string, Partial<TicketAnswer>> } = {},
) {
  const asked: TicketRequest[] = [];
  const http: TicketHttp = {
    async send(request) {
      asked.push(request);
      return { status: 200, body: undefined, ...(parts[request.url.pathname] ?? answer) };
    },
    close: async () => undefined,
  };
  const signal = new AbortController().signal;
  const result = await createReadTicket(http, ENV)(hookOf(hook), id, { name: 't', entry, signal });
  return { result, asked: asked.map(({ method, url, headers }) => ({ method, url: url.href, headers })) };
}

describe('a ticket is read as its system has it', () => {
  const CHANGE = { number: 'CHG1', sys_id: SYS_ID, approval: 'approved' };
  const ISSUE = { number: 7, repository_url: 'https://api.github.com/repos/acme/fleet', state: 'open' };
  const SNOW: TicketsEntry = { system: 'servicenow', url: 'https://acme.service-now.com/', ...PASSWORD };

  interface Case {
    entry: TicketsEntry;
    id: string;
    url: string;
    authorization: string;
    body: unknown;
    record: unknown;
  }
  const query = 'sysparm_query=number%3DCHG1&sysparm_limit=2';
  const cases: Case[] = [
    {
      ...{ entry: SNOW, id: 'CHG1', url: `https://acme.service-now.com/api/now/table/change_request?${query}` },
      ...{ authorization: basic('ada:pass'), body: { result: [CHANGE] }, record: CHANGE },
    },
    {
      ...{ entry: SNOW, id: SYS_ID, url: `https://acme.service-now.com/api/now/table/change_request/${SYS_ID}` },
      ...{ authorization: basic('ada:pass'), body: { result: CHANGE }, record: CHANGE },
    },
    {
      ...{ entry: { system: 'jira', url: 'https://a.example', ...USER, ...TOKEN }, id: 'OPS-7' },
      ...{ url: 'https://a.example/rest/api/3/issue/OPS-7', authorization: basic('ada:tok') },
      ...{ body: { key: 'OPS-7', fields: {} }, record: { key: 'OPS-7', fields: {} } },
    },
    {
      ...{ entry: { system: 'jira-dc', url: 'https://a.example/jira', ...TOKEN }, id: '10001' },
      ...{
        url: 'https://a.example/jira/rest/api/2/issue/10001',
        authorization: 'Bearer tok',
        body: { id: '10001' },
        record: { id: '10001' },
      },
    },
    {
      ...{ entry: { system: 'zendesk', url: 'https://z.example', ...USER, ...TOKEN }, id: '35' },
      ...{ url: 'https://z.example/api/v2/tickets/35.json', authorization: basic('ada/token:tok') },
      ...{ body: { ticket: { id: 35 } }, record: { id: 35 } },
    },
    {
      ...{ entry: { system: 'freshservice', url: 'https://f.example', ...PASSWORD }, id: '9', url: 'https://f.example/api/v2/tickets/9' },
      ...{ authorization: basic('ada:pass'), body: { ticket: { id: 9 } }, record: { id: 9 } },
    },
    {
      ...{ entry: { system: 'github', ...TOKEN }, id: 'acme/fleet#7', url: 'https://api.github.com/repos/acme/fleet/issues/7' },
      ...{ authorization: 'Bearer tok', body: ISSUE, record: ISSUE },
    },
  ];
  test.each(cases)('$entry.system: $id by $url', async ({ entry, id, url, authorization, body, record }) => {
    const { result, asked } = await reading(entry, id, { body });
    expect(asked).toEqual([{ method: 'GET', url, headers: expect.objectContaining({ authorization }) }]);
    expect(result).toEqual({ kind: 'read', record });
  });

  const FIELDS_AT = '/incidents/Q1X/custom_fields/values';
  const FIELDS = [{ id: 'P1', name: 'overhaul_approval', value: 'yes-1' }];
  test.each<[string, Partial<TicketAnswer>, unknown]>([
    ['with them', { body: { custom_fields: FIELDS } }, { kind: 'read', record: { id: 'Q1X', custom_fields: FIELDS } }],
    ['as it is where the account has none', { status: 404 }, { kind: 'read', record: { id: 'Q1X' } }],
    ['not at all while they cannot be read', { status: 500 }, { kind: 'unreadable', why: expect.stringContaining('500') }],
    ['not at all where they are something else', { body: { fields: [] } }, { kind: 'unreadable', why: expect.any(String) }],
  ])('pagerduty keeps custom fields beside the incident: it is read %s', async (_what, fields, expected) => {
    const incident = { body: { incident: { id: 'Q1X' } } };
    const { result, asked } = await reading({ system: 'pagerduty', ...TOKEN }, 'Q1X', incident, { parts: { [FIELDS_AT]: fields } });
    expect(result).toEqual(expected);
    expect(asked.map(({ url, headers }) => [url, headers.authorization])).toEqual([
      ['https://api.pagerduty.com/incidents/Q1X', 'Token token=tok'],
      [`https://api.pagerduty.com${FIELDS_AT}`, 'Token token=tok'],
    ]);
  });

  test.each<[TicketsEntry['system'], string, Partial<TicketAnswer>]>([
    ['servicenow', 'CHG1', { body: { result: [] } }],
    ['servicenow', SYS_ID, { status: 404 }],
    ['jira', 'OPS-7', { status: 404 }],
    ['github', 'acme/fleet#7', { status: 410 }],
  ])('%s says that there is no %s', async (system, id, answer) => {
    const { result } = await reading({ system, url: 'https://a.example', ...USER, ...TOKEN, ...PASSWORD }, id, answer);
    expect(result).toMatchObject({ kind: 'gone' });
  });

  test('of another table where the hook says so', async () => {
    const { asked } = await reading(SNOW, 'INC1', {}, { hook: { table: 'incident' } });
    expect(asked[0]?.url).toContain('/api/now/table/incident?');
  });

  test.each<[TicketsEntry['system'], string]>([
    ['servicenow', 'CHG1^ORapproval=approved'],
    ['servicenow', '../sys_user/1'],
    ['servicenow', 'CHG1&sysparm_limit=1'],
    ['jira', '../myself'],
    ['jira', 'OPS-7?fields=x'],
    ['jira-dc', 'OPS-7/../OPS-8'],
    ['zendesk', '35.json?x'],
    ['freshservice', '-1'],
    ['pagerduty', 'Q1X/notes'],
    ['github', 'acme/fleet#7/../8'],
    ['github', 'acme/..#7'],
    ['github', '../fleet#7'],
  ])('%s is not asked for %s', async (system, id) => {
    const { result, asked } = await reading({ system, url: 'https://a.example', ...USER, ...TOKEN }, id);
    expect(asked).toEqual([]);
    expect(result).toMatchObject({ kind: 'unreadable' });
  });

  test.each<[string, TicketsEntry['system'], string, Partial<TicketAnswer>]>([
    ['another status', 'servicenow', 'CHG1', { status: 401, body: { result: [CHANGE] } }],
    ['two of one number', 'servicenow', 'CHG1', { body: { result: [CHANGE, CHANGE] } }],
    ['the same number in other letters', 'servicenow', 'chg1', { body: { result: [CHANGE] } }],
    ['the record of another id', 'servicenow', SYS_ID, { body: { result: { ...CHANGE, sys_id: 'f'.repeat(32) } } }],
    ['an issue that was moved', 'jira', 'OPS-7', { body: { key: 'NEW-1', id: '10001' } }],
    ['a repository in other letters', 'github', 'Acme/fleet#7', { body: ISSUE }],
    ['no JSON', 'zendesk', '35', { body: undefined }],
    ['a list', 'zendesk', '35', { body: [{ id: 35 }] }],
    ['inherited members', 'pagerduty', 'Q1X', { body: Object.create({ incident: { id: 'Q1X' } }) }],
  ])('an answer is no ticket: %s', async (_what, system, id, answer) => {
    const { result } = await reading({ system, url: 'https://a.example', ...USER, ...TOKEN }, id, answer);
    expect(result).toMatchObject({ kind: 'unreadable' });
  });

  test('without a credential, or without a URL, nobody is asked', async () => {
    const without = await reading({ system: 'servicenow', url: 'https://a.example', ...USER }, 'CHG1');
    expect(without).toEqual({ asked: [], result: { kind: 'unreadable', why: expect.stringContaining('lacks a credential') } });
    const nowhere = await reading({ system: 'jira', ...USER, ...TOKEN }, 'OPS-7');
    expect(nowhere).toEqual({ asked: [], result: { kind: 'unreadable', why: 'tickets.t.url is missing' } });
  });

  test('a rotated file counts at once', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'overhaul-'));
    const file = join(folder, 'token');
    const entry: TicketsEntry = { system: 'github', token: { file } };
    await writeFile(file, 'old\n');
    expect((await reading(entry, 'acme/fleet#7')).asked[0]?.headers.authorization).toBe('Bearer old');
    await writeFile(file, 'new\n');
    expect((await reading(entry, 'acme/fleet#7')).asked[0]?.headers.authorization).toBe('Bearer new');
    await rm(folder, { recursive: true });
    await expect(reading(entry, 'acme/fleet#7')).rejects.toThrow('cannot read file');
  });
});
