import { plainText } from '../entry-text.js';
import { memberOf } from '../system.js';
import { type Desk, idOf, listIn, marked, TicketRefused, type TicketWriter } from '../writer.js';
import { pagerDutyIncident } from './read.js';

/** Notes are plain text, are never edited, and take no files. */
export const pagerDutyWriter: TicketWriter = {
  async find(desk, marker) {
    const notes = listIn(await desk.call('GET', `${incident(desk)}/notes`, { headers: pagerDutyIncident.headers ?? {} }), 'notes');
    const own = marked(notes, ['content'], marker);
    return own === undefined ? undefined : idOf(own);
  },
  async post(desk, entry) {
    const content = plainText(entry, (text) => text);
    await desk.call('POST', `${incident(desk)}/notes`, { json: { note: { content } }, headers: from(desk) });
    return undefined;
  },
  moves: ({ status = '' }) => [
    {
      // Resolved is the end of an incident: it takes no other status.
      async isDone(desk) {
        const answer = await desk.call('GET', incident(desk), { headers: pagerDutyIncident.headers ?? {} });
        const now = memberOf(memberOf(answer, 'incident'), 'status');
        return now === status || now === 'resolved';
      },
      async go(desk) {
        await desk.call('PUT', incident(desk), { json: { incident: { type: 'incident_reference', status } }, headers: from(desk) });
      },
    },
  ],
};

/** PagerDuty takes no write without the address of one of its users. */
function from(desk: Desk): Record<string, string> {
  if (desk.username === undefined) throw new TicketRefused(400, 'pagerduty needs username, the email address of a user, to write');
  return { ...pagerDutyIncident.headers, from: desk.username };
}

function incident(desk: Desk): string {
  return `/incidents/${encodeURIComponent(desk.ticketId)}`;
}
