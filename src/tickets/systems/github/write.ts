import { markdown } from '../entry-text.js';
import { memberOf } from '../system.js';
import { type Desk, idOf, listIn, type MoveStep, marked, TicketRefused, type TicketWriter } from '../writer.js';
import { githubIssue } from './read.js';

const PAGE = 100;
const PAGES = 50;

/** One comment, edited: nobody is told of an edit. Issues take no files by API. */
export const githubWriter: TicketWriter = {
  async find(desk, marker) {
    for (let page = 1; page <= PAGES; page += 1) {
      const comments = await call(desk, 'GET', `${issue(desk)}/comments?per_page=${PAGE}&page=${page}`);
      const rows = Array.isArray(comments) ? comments : [];
      const own = marked(rows, ['body'], marker);
      if (own !== undefined) return idOf(own);
      if (rows.length < PAGE) return undefined;
    }
    return undefined;
  },
  async post(desk, entry) {
    return idOf(await call(desk, 'POST', `${issue(desk)}/comments`, { body: markdown(entry) }));
  },
  async edit(desk, id, entry) {
    const comments = issue(desk).replace(/\d+$/, 'comments');
    await call(desk, 'PATCH', `${comments}/${encodeURIComponent(id)}`, { body: markdown(entry) });
  },
  moves: ({ close, labels = [] }) => [...(labels.length > 0 ? [labelled(labels)] : []), ...(close ? [CLOSED] : [])],
};

/** Added to those that it has: what others have set meanwhile stays. */
function labelled(labels: readonly string[]): MoveStep {
  return {
    async isDone(desk) {
      const own = listIn(await call(desk, 'GET', issue(desk)), 'labels').map((label) => String(memberOf(label, 'name')).toLowerCase());
      return labels.every((label) => own.includes(label.toLowerCase()));
    },
    async go(desk) {
      await call(desk, 'POST', `${issue(desk)}/labels`, { labels });
    },
  };
}

const CLOSED: MoveStep = {
  async isDone(desk) {
    return memberOf(await call(desk, 'GET', issue(desk)), 'state') === 'closed';
  },
  async go(desk) {
    await call(desk, 'PATCH', issue(desk), { state: 'closed', state_reason: 'completed' });
  },
};

function issue(desk: Desk): string {
  const path = githubIssue.path(desk.ticketId, {});
  if (path === undefined) throw new TicketRefused(404, 'no issue of github has such an id');
  return path;
}

function call(desk: Desk, method: 'GET' | 'POST' | 'PATCH', path: string, json?: unknown): Promise<unknown> {
  return desk.call(method, path, { headers: githubIssue.headers ?? {}, ...(json === undefined ? {} : { json }) });
}
