import { plainText } from '../entry-text.js';
import { memberOf } from '../system.js';
import { type Desk, idOf, listIn, marked, type TicketWriter } from '../writer.js';

/** Placeholders of Liquid are filled in where a comment is sent on; links and images of Markdown are shown. */
const tamed = (text: string): string =>
  text
    .replace(/\{(?=[{%])/g, '{ ')
    .replace(/\](?=\()/g, '] ')
    .replace(/!(?=\[)/g, '! ');

const PAGES = 20;

/** Comments are never edited. Ours are internal notes. */
export const zendeskWriter: TicketWriter = {
  async find(desk, marker) {
    const own = marked(await comments(desk), ['body', 'plain_body'], marker);
    return own === undefined ? undefined : idOf(own);
  },
  async post(desk, entry) {
    await desk.call('PUT', ticket(desk), { json: { ticket: { comment: { body: plainText(entry, tamed), public: false } } } });
    return undefined;
  },
  attach: {
    async isThere(desk, name) {
      const files = (await comments(desk)).flatMap((comment) => listIn(comment, 'attachments'));
      return files.some((file) => memberOf(file, 'file_name') === name);
    },
    /** An upload that no comment takes up is thrown away by Zendesk after a while. */
    async put(desk, file, entry) {
      const uploaded = await desk.call('POST', `/api/v2/uploads.json?${new URLSearchParams({ filename: file.name })}`, {
        body: file.text,
        headers: { 'content-type': 'text/csv; charset=utf-8' },
      });
      const token = memberOf(memberOf(uploaded, 'upload'), 'token');
      const comment = { body: plainText(entry, tamed), public: false, uploads: [token] };
      await desk.call('PUT', ticket(desk), { json: { ticket: { comment } } });
    },
  },
  moves: ({ status = '' }) => [
    {
      // A closed ticket was solved, and takes nothing any more.
      async isDone(desk) {
        const now = memberOf(memberOf(await desk.call('GET', ticket(desk)), 'ticket'), 'status');
        return now === status || now === 'closed';
      },
      async go(desk) {
        await desk.call('PUT', ticket(desk), { json: { ticket: { status } } });
      },
    },
  ],
};

async function comments(desk: Desk): Promise<unknown[]> {
  const found: unknown[] = [];
  for (let page = 1; page <= PAGES; page += 1) {
    const answer = await desk.call(
      'GET',
      `/api/v2/tickets/${encodeURIComponent(desk.ticketId)}/comments.json?sort_order=desc&per_page=100&page=${page}`,
    );
    const rows = listIn(answer, 'comments');
    found.push(...rows);
    if (rows.length < 100 || memberOf(answer, 'next_page') === null) break;
  }
  return found;
}

function ticket(desk: Desk): string {
  return `/api/v2/tickets/${encodeURIComponent(desk.ticketId)}.json`;
}
