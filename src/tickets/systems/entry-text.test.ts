import { describe, expect, test } from '@jest/globals';
import { emptyCounts } from '../../domain/run/outcome.js';
import { lineEntry, statusEntry } from '../../domain/tickets/entry.js';
import { adf, html, markdown, wikiMarkup } from './entry-text.js';
import { freshserviceWriter } from './freshservice/write.js';
import { serviceNowWriter } from './servicenow/write.js';
import type { Desk, TicketWriter } from './writer.js';
import { zendeskWriter } from './zendesk/write.js';

/** What scripts, titles and reasons could hold for a person who reads the ticket, or for the system. */
const PAYLOADS = [
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '"><svg/onload=alert(1)>',
  '</pre></li></ul><iframe src="https://evil.example"></iframe>',
  '&lt;b&gt;',
  '[code]<b onmouseover=alert(1)>x</b>[/code]',
  '[ code ]<script>1</script>[ /CODE ]',
  '{noformat}\n!https://evil.example/x.png!\n[~admin]',
  '{NoFormat:title=x}h1. big{noformat}',
  '[~accountid:5b10a2844c20165700ede21g]',
  '@octocat @acme/owners closes #1 GH-2 acme/fleet#3',
  '```\n@octocat\n```',
  '````````````\n# heading\n````````````',
  '![](https://evil.example/pixel.png) [click](javascript:alert(1))',
  '{{ticket.requester.email}} {% for t in tickets %}{{t}}{% endfor %}',
  '=cmd|calc',
  '\u202eevil\u0007\u001b[31m',
  'overhaul:t/1/1 2-finished',
] as const;

const entryOf = (payload: string) =>
  statusEntry(
    {
      ...{
        runId: 't/1/1',
        milestone: 'finished',
        status: 'failed',
        counts: { ...emptyCounts(), targeted: 1, failed: 1 },
        executions: 1,
        strays: 0,
      },
      ...{ script: { id: '7', title: payload }, requestedBy: payload, why: payload, warnings: [payload] },
      waves: [{ name: payload, status: 'failed', counts: emptyCounts(), approvedBy: [payload], why: payload }],
      quotes: [{ label: payload, text: `${payload}\n${payload}` }],
      publicUrl: 'https://o.example',
    },
    'overhaul:t/1/1 1-finished',
  );

/** The text as a writer sends it. */
async function sentBy(writer: TicketWriter, payload: string): Promise<string> {
  const sent: unknown[] = [];
  const desk: Desk = {
    ticketId: '1',
    async call(method, _path, { json } = {}) {
      if (method !== 'GET') sent.push(json);
      return { result: [{ number: '1', sys_id: '0'.repeat(32) }] };
    },
  };
  await writer.post(desk, entryOf(payload));
  const [only] = sent as { work_notes?: string; body?: string; ticket?: { comment: { body: string } } }[];
  return only?.work_notes ?? only?.body ?? only?.ticket?.comment.body ?? '';
}

describe.each(PAYLOADS.map((payload) => [payload]))('text of others does nothing in a ticket: %j', (payload) => {
  test('as HTML it is text', async () => {
    const written = await sentBy(freshserviceWriter, payload);
    const tags = new Set(Array.from(written.matchAll(/<\/?([^\s>]+)/g), ([, tag]) => tag));
    expect([...tags].sort()).toEqual(['a', 'b', 'li', 'p', 'pre', 'ul']);
    expect(
      written
        .match(/<[^>]*>/g)
        ?.filter((tag) => /\son|javascript:/i.test(tag) || (tag.includes('=') && !tag.startsWith('<a href="https://o.example/'))),
    ).toEqual([]);
    expect(written).not.toMatch(/\{\{|\{%/);
    expect(written).not.toMatch(/&(?!amp;|lt;|gt;)/);
  });

  test('as Markdown it is code', () => {
    // As CommonMark closes a fence: a line of at least as many backticks.
    const outside: string[] = [];
    let fence = '';
    for (const line of markdown(entryOf(payload)).split('\n')) {
      const [run = ''] = /^`{3,}/.exec(line) ?? [];
      if (fence === '' && run !== '') fence = run;
      else if (fence !== '' && /^ {0,3}`+\s*$/.test(line) && line.trim().length >= fence.length) fence = '';
      else if (fence === '') outside.push(line);
    }
    expect(fence).toBe('');
    expect(outside.filter((line) => line !== '')).toEqual([
      '**Overhaul: finished, failed**',
      '[Run](<https://o.example/runs/t%2F1%2F1>) · [Report](<https://o.example/api/runs/t%2F1%2F1/report.html>)',
      '`overhaul:t/1/1 1-finished`',
    ]);
  });

  test("as a tree of Jira's cloud it is text nodes", () => {
    const types = new Set<string>();
    const links: string[] = [];
    JSON.stringify(adf(entryOf(payload)), (_key, value) => {
      if (typeof value?.type === 'string') types.add(value.type);
      if (typeof value?.attrs?.href === 'string') links.push(value.attrs.href);
      if (value?.type === 'text') expect(value.text).not.toBe('');
      return value;
    });
    expect([...types].sort()).toEqual(['bulletList', 'code', 'codeBlock', 'doc', 'link', 'listItem', 'paragraph', 'strong', 'text']);
    expect(links.every((link) => link.startsWith('https://o.example/'))).toBe(true);
  });

  test('in the markup of Jira Data Center it stays verbatim, and mentions nobody', () => {
    const written = wikiMarkup(entryOf(payload));
    const outside = written.split('{noformat}').filter((_, index) => index % 2 === 0);
    expect(outside.map((part) => part.trim()).filter((part) => part !== '')).toEqual([
      '*Overhaul: finished, failed*',
      '[Run|https://o.example/runs/t%2F1%2F1]\n[Report|https://o.example/api/runs/t%2F1%2F1/report.html]',
    ]);
    expect(written).not.toMatch(/\[~|\{noformat:/i);
  });

  test('in ServiceNow no code is shown, in Zendesk nothing is filled in', async () => {
    expect(await sentBy(serviceNowWriter, payload)).not.toMatch(/\[\s*\/?\s*code\s*\]/i);
    expect(await sentBy(zendeskWriter, payload)).not.toMatch(/\{\{|\{%|\]\(|!\[/);
  });

  test('nowhere does it turn text around, or pass for an entry of ours', () => {
    for (const written of [
      html(entryOf(payload)),
      markdown(entryOf(payload)),
      wikiMarkup(entryOf(payload)),
      JSON.stringify(adf(entryOf(payload))),
    ]) {
      expect(written).not.toMatch(/\p{Cf}|(?!\n)\p{Cc}/u);
      expect(written.split('overhaul:t/1/1')).toHaveLength(2);
    }
    expect(markdown(lineEntry('t/1/1', payload, { marker: 'overhaul:t/1/1 line-x' })).split('overhaul:t/1/1')).toHaveLength(2);
  });
});
