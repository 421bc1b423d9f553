import {
  type Answer,
  type Ask,
  addNote,
  type Desk,
  isUser,
  jsonOf,
  member,
  type SimulatedTicket,
  type System,
  text,
  ticketOf,
} from './store.js';

const INCIDENT = /^\/incidents\/([A-Z0-9]+)(\/notes)?$/;

/** Incidents and their notes. Every write names the address of a user. */
export const pagerduty: System = {
  isFor: (path) => path.startsWith('/incidents/'),
  answer(ask, desk) {
    if (!isUser(desk, ask, ({ password }) => `Token token=${password}`)) return failure(401, 'Authentication failed');
    const [, id, notes] = INCIDENT.exec(ask.path) ?? [];
    const incident = ticketOf(desk, 'pagerduty', id);
    if (!incident) return failure(404, 'Incident Not Found');
    if (ask.method !== 'GET' && !ask.header('from')?.includes('@')) return failure(400, 'Requester User Not Found');
    if (notes) return noted(ask, desk, incident);
    return ask.method === 'PUT' ? updated(ask, incident) : [200, shown(incident)];
  },
};

function shown({ record }: SimulatedTicket): unknown {
  return { incident: { id: record.id, status: record.status } };
}

function noted(ask: Ask, desk: Desk, incident: SimulatedTicket): Answer {
  const one = ({ id, value }: SimulatedTicket['notes'][number]) => ({ id, content: value });
  if (ask.method === 'GET') return [200, { notes: incident.notes.map(one) }];
  const content = text(member(jsonOf(ask), 'note', 'content'));
  return content === '' ? failure(400, 'Invalid Input Provided') : [201, { note: one(addNote(desk, incident, content)) }];
}

/** Resolved is the end of an incident. */
function updated(ask: Ask, incident: SimulatedTicket): Answer {
  const status = text(member(jsonOf(ask), 'incident', 'status'));
  if (incident.record.status === 'resolved' || !['acknowledged', 'resolved'].includes(status))
    return failure(400, 'Invalid Input Provided');
  incident.record.status = status;
  return [200, shown(incident)];
}

function failure(status: number, message: string): Answer {
  return [status, { error: { message, code: status } }];
}
