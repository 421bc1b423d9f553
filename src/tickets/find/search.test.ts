import { describe, expect, test } from '@jest/globals';
import type { TicketsEntry } from '../../contracts/config/file.js';
import type { Hook, System } from '../../contracts/config/hook.js';
import type { TicketAnswer, TicketHttp } from '../http/client.js';
import { searchOf, searchTickets } from './search.js';

const hookOf = (system: System, more: Partial<Hook> = {}): Hook => ({
  system,
  secrets: [{ env: 'S' }],
  playbook: 'p',
  ticket: 't',
  ...more,
});
const entryOf = (system: System): TicketsEntry => ({
  system,
  url: 'https://t.example',
  username: { env: 'U' },
  password: { env: 'U' },
  token: { env: 'U' },
});

async function searched(system: System, answers: readonly Partial<TicketAnswer>[], find = 'q') {
  const asked: string[] = [];
  const http: TicketHttp = {
    async send({ method, url }) {
      const answer = answers[asked.length];
      asked.push(`${method} ${url.pathname}?${decodeURIComponent(url.search.slice(1)).replaceAll('+', ' ')}`);
      if (!answer) throw new Error('asked once too often');
      return { status: 200, body: undefined, ...answer };
    },
    close: async () => undefined,
  };
  const source = { name: 't', entry: entryOf(system) };
  const result = await searchTickets({ http, env: { U: 'u' } }, { hook: hookOf(system), source, find });
  return { result, asked };
}

const many = (count: number, make: (place: number) => object) => Array.from({ length: count }, (_, place) => make(place));

describe('a search for approved tickets', () => {
  test.each<[System, object, string, string]>([
    [
      'servicenow',
      { result: [{ number: 'CHG1', sys_id: 'x' }] },
      'CHG1',
      '/api/now/table/change_request?sysparm_query=q^ORDERBYDESCsys_updated_on&sysparm_limit=100&sysparm_offset=0',
    ],
    ['jira', { issues: [{ id: '1', key: 'OPS-7' }] }, 'OPS-7', '/rest/api/3/search/jql?jql=q&fields=key&maxResults=100'],
    ['jira-dc', { issues: [{ id: '1', key: 'OPS-7' }] }, 'OPS-7', '/rest/api/2/search?jql=q&fields=key&maxResults=100&startAt=0'],
    [
      'zendesk',
      { results: [{ id: 35 }] },
      '35',
      '/api/v2/search.json?query=type:ticket q&sort_by=updated_at&sort_order=desc&per_page=100&page=1',
    ],
    ['freshservice', { tickets: [{ id: 9 }] }, '9', '/api/v2/tickets/filter?query="q"&page=1'],
    ['pagerduty', { incidents: [{ id: 'Q1X' }] }, 'Q1X', '/incidents?q=&sort_by=created_at:desc&limit=100&offset=0'],
    [
      'github',
      { items: [{ number: 7, repository_url: 'https://api.github.com/repos/acme/fleet' }] },
      'acme/fleet#7',
      '/search/issues?q=is:issue q&sort=updated&order=desc&per_page=100&page=1',
    ],
  ])('%s', async (system, body, id, path) => {
    const { result, asked } = await searched(system, [{ body }]);
    expect(asked).toEqual([`GET ${path}`]);
    expect(result).toEqual({ kind: 'found', ids: [id], isWhole: true });
  });

  test('goes on page by page, and says where it stopped', async () => {
    const page = (from: number) => ({ body: { result: many(100, (place) => ({ number: `CHG${from + place}` })) } });
    const two = await searched('servicenow', [page(0), { body: { result: [{ number: 'CHG100' }] } }]);
    expect(two.result).toMatchObject({ kind: 'found', isWhole: true });
    expect(two.result.kind === 'found' && two.result.ids.length).toBe(101);
    const endless = await searched('servicenow', many(10, (at) => page(100 * at)) as Partial<TicketAnswer>[]);
    expect(endless.result).toMatchObject({ kind: 'found', isWhole: false });
    expect(endless.asked.length).toBe(10);
  });

  test('follows the token of Jira Cloud', async () => {
    const { result, asked } = await searched('jira', [
      { body: { issues: [{ key: 'A-1' }], nextPageToken: 'n' } },
      { body: { issues: [{ key: 'A-2' }] } },
    ]);
    expect(result).toEqual({ kind: 'found', ids: ['A-1', 'A-2'], isWhole: true });
    expect(asked[1]).toContain('nextPageToken=n');
  });

  test.each<[string, Partial<TicketAnswer>]>([
    ['another status', { status: 500 }],
    ['something else', { body: { result: 'none' } }],
    ['no JSON', {}],
  ])('that is answered with %s has found nothing out', async (_, answer) => {
    expect((await searched('servicenow', [answer])).result).toMatchObject({ kind: 'unreadable' });
  });

  test('is made where the hook says by what, or its system does', () => {
    const config = { tickets: { t: entryOf('servicenow'), j: entryOf('jira') } };
    expect(searchOf(config, hookOf('servicenow'))?.find).toBe(
      'approval=approved^active=true^sys_updated_on>=javascript:gs.daysAgoStart(2)',
    );
    expect(searchOf(config, hookOf('servicenow', { find: 'x' }))?.find).toBe('x');
    expect(searchOf(config, hookOf('servicenow', { reconcile: false }))).toBeUndefined();
    expect(searchOf(config, hookOf('jira', { ticket: 'j' }))).toBeUndefined();
    expect(searchOf(config, hookOf('standard'))).toBeUndefined();
  });
});
