import { html } from '../entry-text.js';
import { multipart } from '../multipart.js';
import { memberOf } from '../system.js';
import { type Desk, idOf, listIn, marked, stateMove, type TicketWriter } from '../writer.js';

/** Placeholders are filled in where a note is sent on. */
const tamed = (text: string): string => text.replace(/\{(?=[{%])/g, '{ ');

const PAGES = 20;

/** Notes are private, and their body is HTML. */
export const freshserviceWriter: TicketWriter = {
  async find(desk, marker) {
    const own = marked(await conversations(desk), ['body_text', 'body'], marker);
    return own === undefined ? undefined : idOf(own);
  },
  async post(desk, entry) {
    await desk.call('POST', `${ticket(desk)}/notes`, { json: { body: html(entry, tamed), private: true } });
    return undefined;
  },
  attach: {
    async isThere(desk, name) {
      const files = (await conversations(desk)).flatMap((note) => listIn(note, 'attachments'));
      return files.some((file) => memberOf(file, 'name') === name);
    },
    async put(desk, file, entry) {
      await desk.call(
        'POST',
        `${ticket(desk)}/notes`,
        multipart([
          { name: 'body', text: html(entry, tamed) },
          { name: 'private', text: 'true' },
          { name: 'attachments[]', file },
        ]),
      );
    },
  },
  moves: ({ fields = {} }) => [
    stateMove(
      async (desk) => memberOf(await desk.call('GET', ticket(desk)), 'ticket'),
      fields,
      async (desk) => {
        await desk.call('PUT', ticket(desk), { json: fields });
      },
    ),
  ],
};

async function conversations(desk: Desk): Promise<unknown[]> {
  const found: unknown[] = [];
  for (let page = 1; page <= PAGES; page += 1) {
    const rows = listIn(await desk.call('GET', `${ticket(desk)}/conversations?per_page=100&page=${page}`), 'conversations');
    found.push(...rows);
    if (rows.length < 100) break;
  }
  return found;
}

function ticket(desk: Desk): string {
  return `/api/v2/tickets/${encodeURIComponent(desk.ticketId)}`;
}
