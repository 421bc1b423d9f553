import {
  type Answer,
  type Ask,
  addNote,
  basic,
  type Desk,
  isUser,
  jsonOf,
  member,
  type SimulatedTicket,
  type System,
  text,
  ticketOf,
} from './store.js';

const TICKET = /^\/api\/v2\/tickets\/(\d+)(\/comments)?\.json$/;
const UPLOAD = '/api/v2/uploads.json';

/** Tickets, whose comments come with an update, and uploads. */
export const zendesk: System = {
  isFor: (path) => TICKET.test(path) || path === UPLOAD,
  answer(ask, desk) {
    if (!isUser(desk, ask, ({ username, password }) => basic(`${username}/token`, password)))
      return [401, { error: "Couldn't authenticate you" }];
    if (ask.path === UPLOAD) return upload(ask, desk);
    const [, id, comments] = TICKET.exec(ask.path) ?? [];
    const ticket = ticketOf(desk, 'zendesk', id);
    if (!ticket) return [404, { error: 'RecordNotFound', description: 'Not found' }];
    if (comments) return listed(ask, ticket);
    return ask.method === 'PUT' ? updated(ask, desk, ticket) : [200, shown(ticket)];
  },
};

function shown({ record }: SimulatedTicket): unknown {
  return { ticket: { id: Number(record.id), status: record.status } };
}

function listed({ query }: Ask, { notes, record }: SimulatedTicket): Answer {
  const rows = (query.get('sort_order') === 'desc' ? notes.toReversed() : notes).map(({ id, value }) => ({
    ...{ id: Number(id), body: value, plain_body: value, public: record[`public ${id}`] === 'true' },
    attachments: (record[`files ${id}`] ?? '')
      .split('\n')
      .filter((name) => name !== '')
      .map((name) => ({ file_name: name })),
  }));
  const [size, page] = [Number(query.get('per_page') ?? 100), Number(query.get('page') ?? 1)];
  const more = rows.length > page * size;
  return [200, { comments: rows.slice((page - 1) * size, page * size), count: rows.length, next_page: more ? `?page=${page + 1}` : null }];
}

/** A closed ticket takes nothing any more. */
function updated(ask: Ask, desk: Desk, ticket: SimulatedTicket): Answer {
  const change = jsonOf(ask)?.ticket;
  if (change === undefined || ticket.record.status === 'closed')
    return [422, { error: 'RecordInvalid', description: 'Status: closed prevents ticket update' }];
  const comment = member(change, 'comment');
  if (comment !== undefined) {
    const note = addNote(desk, ticket, text(member(comment, 'body')));
    ticket.record[`public ${note.id}`] = String(member(comment, 'public') !== false);
    const uploads = member(comment, 'uploads');
    for (const token of Array.isArray(uploads) ? uploads : []) take(desk, ticket, { noteId: note.id, token: String(token) });
  }
  const status = text(member(change, 'status'));
  if (status !== '') ticket.record.status = status;
  return [200, shown(ticket)];
}

/** Uploads lie with the first ticket until a comment takes them up. */
function upload({ query, text: content }: Ask, { tickets, nextId }: Desk): Answer {
  const token = `upload-${nextId()}`;
  const shelf = tickets.find(({ table }) => table === 'zendesk');
  if (shelf) shelf.record[token] = JSON.stringify([query.get('filename') ?? 'file', content]);
  return [201, { upload: { token } }];
}

function take({ tickets }: Desk, ticket: SimulatedTicket, { noteId, token }: { noteId: string; token: string }): void {
  const shelf = tickets.find(({ record }) => record[token] !== undefined);
  if (!shelf) return;
  const [name, content] = JSON.parse(shelf.record[token] ?? '[]') as [string, string];
  delete shelf.record[token];
  ticket.files.push({ name, text: content });
  ticket.record[`files ${noteId}`] = [ticket.record[`files ${noteId}`] ?? '', name].join('\n');
}
