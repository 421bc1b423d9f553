// Jira's issues: comments that can be edited, transitions, attachments and properties. Version 3 of the cloud has comments as trees.
import {
  type Answer,
  type Ask,
  addNote,
  basic,
  type Desk,
  formOf,
  isUser,
  jsonOf,
  member,
  type SimulatedTicket,
  type System,
  text,
  ticketOf,
} from './store.js';

const ISSUE = /^\/rest\/api\/([23])\/issue\/([^/]+)(?:\/(comment|transitions|attachments|properties)(?:\/([^/]+))?)?$/;
/** What the workflow offers in each status: each leads to the next, and the last to nothing. */
const WORKFLOW: Readonly<Record<string, { id: string; name: string; to: string }[]>> = {
  Approved: [
    { id: '21', name: 'Start', to: 'In Progress' },
    { id: '31', name: 'Done', to: 'Done' },
  ],
  'In Progress': [{ id: '31', name: 'Done', to: 'Done' }],
};

export const jira: System = {
  isFor: (path) => path.startsWith('/rest/api/'),
  answer(ask, desk) {
    const isKnown =
      isUser(desk, ask, ({ username, password }) => basic(username, password)) || isUser(desk, ask, ({ password }) => `Bearer ${password}`);
    if (!isKnown) return failure(401, 'Client must be authenticated to access this resource.');
    const [, version, key, part, id] = ISSUE.exec(ask.path) ?? [];
    const issue = ticketOf(desk, 'jira', key && decodeURIComponent(key));
    if (!issue) return failure(404, 'Issue does not exist or you do not have permission to see it.');
    if (part === 'comment') return comments(ask, desk, { issue, id, isTree: version === '3' });
    if (part === 'transitions') return transitions(ask, issue);
    if (part === 'attachments') return attach(ask, desk, issue);
    if (part === 'properties') return property(issue, id ?? '');
    return ask.method === 'GET' ? [200, shown(issue)] : failure(405, 'Method Not Allowed');
  },
};

function shown({ record, files }: SimulatedTicket): unknown {
  const fields = { status: { name: record.status }, attachment: files.map(({ name }) => ({ filename: name })) };
  return { id: record.id, key: record.key, fields };
}

function comments(
  ask: Ask,
  desk: Desk,
  { issue, id, isTree }: { issue: SimulatedTicket; id: string | undefined; isTree: boolean },
): Answer {
  const one = (note: SimulatedTicket['notes'][number]) => ({
    id: note.id,
    body: isTree ? JSON.parse(note.value) : note.value,
    created: note.createdOn,
  });
  if (ask.method === 'GET') {
    const [from, most] = ['startAt', 'maxResults'].map((name) => Number(ask.query.get(name) ?? 50));
    const rows = ask.query.get('orderBy') === '-created' ? issue.notes.toReversed() : issue.notes;
    return [200, { startAt: from, total: rows.length, comments: rows.slice(from, (from ?? 0) + (most ?? 50)).map(one) }];
  }
  const body = jsonOf(ask)?.body;
  const isRight = isTree ? member(body, 'type') === 'doc' && hasText(body) : typeof body === 'string' && body !== '';
  if (!isRight) return failure(400, 'INVALID_INPUT');
  const value = isTree ? JSON.stringify(body) : text(body);
  if (ask.method === 'POST' && id === undefined) return [201, one(addNote(desk, issue, value))];
  const known = issue.notes.find((note) => note.id === id);
  if (ask.method !== 'PUT' || !known) return failure(404, `Can not find a comment for the id: ${id}.`);
  known.value = value;
  return [200, one(known)];
}

/** As Atlassian's schema has it: a text node is never empty. */
function hasText(node: unknown): boolean {
  const content = member(node, 'content');
  if (member(node, 'type') === 'text') return text(member(node, 'text')) !== '';
  return Array.isArray(content) && content.length > 0 && content.every(hasText);
}

function transitions(ask: Ask, { record }: SimulatedTicket): Answer {
  const offered = WORKFLOW[record.status ?? ''] ?? [];
  if (ask.method === 'GET') return [200, { transitions: offered.map(({ id, name, to }) => ({ id, name, to: { name: to } })) }];
  const body = jsonOf(ask);
  const chosen = offered.find(({ id }) => id === member(body, 'transition', 'id'));
  if (!chosen) return failure(400, 'It seems that you have tried to perform an illegal workflow operation.');
  record.status = chosen.to;
  const properties = member(body, 'properties');
  for (const one of Array.isArray(properties) ? properties : [])
    record[`property ${String(member(one, 'key'))}`] = JSON.stringify(member(one, 'value'));
  return [204, undefined];
}

function attach(ask: Ask, { nextId }: Desk, issue: SimulatedTicket): Answer {
  if (ask.header('x-atlassian-token') !== 'no-check') return failure(403, 'XSRF check failed');
  const files = formOf(ask).flatMap(({ name, filename, text: content }) =>
    name === 'file' && filename ? [{ name: filename, text: content }] : [],
  );
  if (files.length === 0) return failure(400, 'no file');
  issue.files.push(...files);
  return [200, files.map(({ name }) => ({ id: nextId(), filename: name }))];
}

function property({ record }: SimulatedTicket, key: string): Answer {
  const value = record[`property ${key}`];
  return value === undefined ? failure(404, 'The property was not found.') : [200, { key, value: JSON.parse(value) }];
}

function failure(status: number, message: string): Answer {
  return [status, { errorMessages: [message], errors: {} }];
}
