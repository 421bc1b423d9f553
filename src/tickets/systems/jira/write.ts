import { bearsMarker } from '../../../domain/tickets/marker.js';
import { adf, wikiMarkup } from '../entry-text.js';
import { multipart } from '../multipart.js';
import { memberOf } from '../system.js';
import { type Desk, idOf, listIn, TicketRefused, type TicketWriter } from '../writer.js';

const PAGE = 100;
const PAGES = 20;

/** Cloud has API version 3 and comments as trees, Data Center 2 and its own markup. */
export function jiraWriter(version: 2 | 3): TicketWriter {
  const issue = (desk: Desk): string => `/rest/api/${version}/issue/${encodeURIComponent(desk.ticketId)}`;
  const render = version === 3 ? adf : wikiMarkup;
  return {
    async find(desk, marker) {
      for (let page = 0; page < PAGES; page += 1) {
        const answer = await desk.call('GET', `${issue(desk)}/comment?orderBy=created&maxResults=${PAGE}&startAt=${page * PAGE}`);
        const comments = listIn(answer, 'comments');
        // Whoever quotes our entry does so behind it.
        const own = comments.find((comment) => bearsMarker(JSON.stringify(memberOf(comment, 'body') ?? ''), marker));
        if (own !== undefined) return idOf(own);
        if (comments.length < PAGE) return undefined;
      }
      return undefined;
    },
    async post(desk, entry) {
      return idOf(await desk.call('POST', `${issue(desk)}/comment`, { json: { body: render(entry) } }));
    },
    async edit(desk, id, entry) {
      await desk.call('PUT', `${issue(desk)}/comment/${encodeURIComponent(id)}`, { json: { body: render(entry) } });
    },
    attach: {
      async isThere(desk, name) {
        const answer = await desk.call('GET', `${issue(desk)}?fields=attachment`);
        return listIn(answer, 'fields', 'attachment').some((file) => memberOf(file, 'filename') === name);
      },
      async put(desk, file) {
        const { body, headers } = multipart([{ name: 'file', file }]);
        // Without it Jira takes an upload for a forged request.
        await desk.call('POST', `${issue(desk)}/attachments`, { body, headers: { ...headers, 'x-atlassian-token': 'no-check' } });
      },
    },
    moves: ({ transition = '' }, marker) => [
      {
        async isDone(desk, mayBeDone) {
          const property = await desk.call('GET', `${issue(desk)}/properties/overhaul`).catch(none);
          if (memberOf(memberOf(property, 'value'), 'moved') === marker) return true;
          // An issue that has gone through the transition does not offer it any more.
          return mayBeDone && (await offered(desk, issue(desk), transition)) === undefined;
        },
        async go(desk) {
          const id = await offered(desk, issue(desk), transition);
          if (id === undefined) throw new TicketRefused(409, `the issue does not offer the transition ${JSON.stringify(transition)} now`);
          // The property is set together with the transition, so that a loop of a workflow is not gone through twice.
          const properties = [{ key: 'overhaul', value: { moved: marker } }];
          await desk.call('POST', `${issue(desk)}/transitions`, { json: { transition: { id }, properties } });
        },
      },
    ],
  };
}

/** By its name, whatever its case, or by its id. */
async function offered(desk: Desk, issue: string, transition: string): Promise<string | undefined> {
  const wanted = transition.toLowerCase();
  const transitions = listIn(await desk.call('GET', `${issue}/transitions`), 'transitions');
  return idOf(
    transitions.find((one) => String(memberOf(one, 'name')).toLowerCase() === wanted) ??
      transitions.find((one) => idOf(one) === transition),
  );
}

function none(error: unknown): undefined {
  if (error instanceof TicketRefused && error.status === 404) return undefined;
  throw error;
}
