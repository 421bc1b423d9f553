import {
  type Answer,
  type Ask,
  addNote,
  basic,
  type Desk,
  formOf,
  isUser,
  jsonOf,
  type SimulatedTicket,
  type System,
  text,
  ticketOf,
} from './store.js';

const TICKET = /^\/api\/v2\/tickets\/(\d+)(?:\/(conversations|notes))?$/;

/** Tickets and their notes, which are HTML, private or not. */
export const freshservice: System = {
  isFor: (path) => TICKET.test(path),
  answer(ask, desk) {
    if (!isUser(desk, ask, ({ username, password }) => basic(username, password))) return [401, { code: 'invalid_credentials' }];
    const [, id, part] = TICKET.exec(ask.path) ?? [];
    const ticket = ticketOf(desk, 'freshservice', id);
    if (!ticket) return [404, undefined];
    if (part === 'conversations') return listed(ask, ticket);
    if (part === 'notes') return noted(ask, desk, ticket);
    if (ask.method === 'PUT') for (const [name, value] of Object.entries(jsonOf(ask) ?? {})) ticket.record[name] = String(value);
    return [200, { ticket: { ...ticket.record, id: Number(ticket.record.id), status: Number(ticket.record.status) } }];
  },
};

function listed({ query }: Ask, { notes, files }: SimulatedTicket): Answer {
  const rows = notes.map(({ id, value }) => ({
    ...{ id: Number(id), body: value, body_text: plain(value), private: true },
    attachments: files.filter(({ name }) => name.startsWith(`${id} `)).map(({ name }) => ({ name: name.slice(id.length + 1) })),
  }));
  const [size, page] = [Number(query.get('per_page') ?? 30), Number(query.get('page') ?? 1)];
  return [200, { conversations: rows.slice((page - 1) * size, page * size) }];
}

function noted(ask: Ask, desk: Desk, ticket: SimulatedTicket): Answer {
  const form = formOf(ask);
  const body = form.length > 0 ? (form.find(({ name }) => name === 'body')?.text ?? '') : text(jsonOf(ask)?.body);
  const isPrivate = form.length > 0 ? form.find(({ name }) => name === 'private')?.text === 'true' : jsonOf(ask)?.private === true;
  if (body === '' || !isPrivate) return [400, { description: 'Validation failed' }];
  const note = addNote(desk, ticket, body);
  for (const { name, filename, text: content } of form)
    if (name === 'attachments[]' && filename) ticket.files.push({ name: `${note.id} ${filename}`, text: content });
  return [201, { conversation: { id: Number(note.id), body } }];
}

function plain(html: string): string {
  return html
    .replace(/<[^>]*>/g, '\n')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}
