import { type Answer, type Ask, addNote, type Desk, isUser, jsonOf, type SimulatedTicket, type System, text, ticketOf } from './store.js';

const ISSUE = /^(\/repos\/[^/]+\/[^/]+)\/issues\/(\d+)(?:\/(comments|labels))?$/;
const COMMENT = /^\/repos\/[^/]+\/[^/]+\/issues\/comments\/(\d+)$/;

/** Issues and their comments. */
export const github: System = {
  isFor: (path) => path.startsWith('/repos/'),
  answer(ask, desk) {
    if (!isUser(desk, ask, ({ password }) => `Bearer ${password}`)) return failure(401, 'Bad credentials');
    const comment = COMMENT.exec(ask.path)?.[1];
    if (comment !== undefined) return edit(ask, desk, comment);
    const [, repo = '', number, part] = ISSUE.exec(ask.path) ?? [];
    const issue = ticketOf(desk, 'github', `${repo.replace('/repos/', '')}#${number}`);
    if (!issue) return failure(404, 'Not Found');
    if (part === 'comments') return comments(ask, desk, issue);
    if (part === 'labels') return label(ask, issue);
    if (ask.method === 'PATCH') issue.record.state = text(jsonOf(ask)?.state) || issue.record.state || 'open';
    return [200, shown(issue, `http://api.github.com${repo}`)];
  },
};

function shown({ record }: SimulatedTicket, repository: string): unknown {
  const labels = (record.labels ?? '').split(',').filter((name) => name !== '');
  return {
    number: Number(record.id?.split('#')[1]),
    repository_url: repository,
    state: record.state,
    labels: labels.map((name) => ({ name })),
  };
}

function comments(ask: Ask, desk: Desk, issue: SimulatedTicket): Answer {
  const one = ({ id, value }: SimulatedTicket['notes'][number]) => ({ id: Number(id), body: value });
  if (ask.method === 'GET') {
    const [size, page] = [Number(ask.query.get('per_page') ?? 30), Number(ask.query.get('page') ?? 1)];
    return [200, issue.notes.slice((page - 1) * size, page * size).map(one)];
  }
  const body = text(jsonOf(ask)?.body);
  return body === '' ? failure(422, 'Validation Failed') : [201, one(addNote(desk, issue, body))];
}

function edit(ask: Ask, { tickets }: Desk, id: string): Answer {
  const note = tickets
    .filter(({ table }) => table === 'github')
    .flatMap(({ notes }) => notes)
    .find((one) => one.id === id);
  if (ask.method !== 'PATCH' || !note) return failure(404, 'Not Found');
  note.value = text(jsonOf(ask)?.body);
  return [200, { id: Number(id), body: note.value }];
}

function label(ask: Ask, { record }: SimulatedTicket): Answer {
  const added = jsonOf(ask)?.labels;
  if (ask.method !== 'POST' || !Array.isArray(added)) return failure(422, 'Validation Failed');
  const all = new Set([...(record.labels ?? '').split(',').filter((name) => name !== ''), ...added.map(String)]);
  record.labels = [...all].join(',');
  return [200, [...all].map((name) => ({ name }))];
}

function failure(status: number, message: string): Answer {
  return [status, { message, documentation_url: 'https://docs.github.com/rest' }];
}
