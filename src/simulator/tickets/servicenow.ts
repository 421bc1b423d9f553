// As much of ServiceNow's Table and Attachment API as reading, work notes, state and files need.
import { createHash } from 'node:crypto';
import { type Answer, type Ask, basic, type Desk, isUser, jsonOf, type SimulatedTicket, type System } from './store.js';

const DAY_MS = 24 * 60 * 60_000;
const TABLE = /^\/api\/now\/table\/([a-z][a-z0-9_]*)(?:\/([0-9a-f]{32}))?$/;

export const serviceNow: System = {
  isFor: (path) => path.startsWith('/api/now/'),
  answer(ask, desk) {
    if (!isUser(desk, ask, ({ username, password }) => basic(username, password))) return failure(401, 'User Not Authenticated');
    if (ask.path.startsWith('/api/now/attachment')) return attachment(ask, desk);
    return table(ask, desk);
  },
};

/** What people make in the system itself. */
export function addRecord(
  { tickets, instant }: Pick<Desk, 'tickets' | 'instant'>,
  name: string,
  fields: Record<string, string>,
): SimulatedTicket {
  const known = tickets.filter(({ record }) => record.sys_id !== undefined).length;
  const number = fields.number || `${name === 'incident' ? 'INC' : 'CHG'}${String(30_001 + known).padStart(7, '0')}`;
  const sysId = createHash('md5').update(`${name} ${number} ${known}`).digest('hex');
  const ticket: SimulatedTicket = {
    table: name,
    record: { ...fields, number, sys_id: sysId, sys_mod_count: '0', sys_updated_on: instant() },
    notes: [],
    files: [],
  };
  tickets.push(ticket);
  return ticket;
}

function table(ask: Ask, desk: Desk): Answer {
  const [, name = '', sysId] = TABLE.exec(ask.path) ?? [];
  if (name === '') return failure(400, 'Requested URI does not represent any resource');
  if (sysId === undefined && ask.method === 'GET') return [200, { result: found(name, ask, desk) }];
  const body = ask.method === 'GET' ? {} : fieldsOf(ask);
  if (body === undefined) return failure(400, 'Exception while reading request');
  if (sysId === undefined)
    return ask.method === 'POST' ? [201, { result: addRecord(desk, name, body).record }] : failure(405, 'Method not allowed');
  const ticket = desk.tickets.find((one) => one.table === name && one.record.sys_id === sysId);
  if (!ticket) return failure(404, 'No Record found');
  if (ask.method === 'PATCH' || ask.method === 'PUT') write(ticket, body, desk);
  else if (ask.method !== 'GET') return failure(405, 'Method not allowed');
  // Notes are shown with the record where its values are asked for as people see them, newest first.
  const isShown = ask.query.get('sysparm_display_value') === 'true';
  const shown = ticket.notes.map(({ value, createdOn }) => `${createdOn} - Overhaul (Work notes)\n${value}\n\n`).reverse();
  return [200, { result: isShown ? { ...ticket.record, work_notes: shown.join('') } : ticket.record }];
}

/** A note is appended to the journal, and is no field of the record; every write counts, also one that changes nothing. */
function write(ticket: SimulatedTicket, fields: Record<string, string>, desk: Desk): void {
  const { work_notes: note, sys_id: _id, sys_mod_count: _count, ...rest } = fields;
  if (note) ticket.notes.push({ id: desk.nextId(), value: note, createdOn: desk.instant() });
  Object.assign(ticket.record, rest, { sys_mod_count: String(Number(ticket.record.sys_mod_count) + 1), sys_updated_on: desk.instant() });
}

function found(name: string, { query }: Ask, { tickets, instant }: Desk): Record<string, string>[] {
  const rows =
    name === 'sys_journal_field'
      ? tickets.flatMap(({ table: of, record, notes }) =>
          notes.map(({ value, createdOn }) => ({
            ...{ name: of, element: 'work_notes', element_id: record.sys_id ?? '', value, sys_created_on: createdOn },
          })),
        )
      : tickets.filter((one) => one.table === name).map(({ record }) => record);
  return limited(rows, query, instant());
}

function attachment(ask: Ask, { tickets, nextId, instant }: Desk): Answer {
  const { method, path, query, text } = ask;
  if (method === 'GET' && path === '/api/now/attachment') {
    const rows = tickets.flatMap(({ table: of, record, files }) =>
      files.map(({ name }) => ({ table_name: of, table_sys_id: record.sys_id ?? '', file_name: name })),
    );
    return [200, { result: limited(rows, query, instant()) }];
  }
  if (method !== 'POST' || path !== '/api/now/attachment/file') return failure(400, 'Requested URI does not represent any resource');
  const [of, sysId, name] = ['table_name', 'table_sys_id', 'file_name'].map((key) => query.get(key));
  const ticket = tickets.find(({ table: own, record }) => own === of && record.sys_id === sysId);
  if (!ticket || !name || text === '') return failure(400, 'Missing parameter, or no file');
  ticket.files.push({ name, text });
  return [201, { result: { sys_id: nextId(), file_name: name } }];
}

function limited(rows: Record<string, string>[], query: URLSearchParams, now: string): Record<string, string>[] {
  const [limit, offset] = [Number(query.get('sysparm_limit') ?? 10_000), Number(query.get('sysparm_offset') ?? 0)];
  return rows.filter((row) => matches(row, query.get('sysparm_query') ?? '', now)).slice(offset, offset + limit);
}

/** `a=b^cLIKEd`: every condition holds. What the desk does not know matches nothing, so that no test believes it was understood. */
function matches(row: Record<string, string>, query: string, now: string): boolean {
  return query.split('^').every((condition) => {
    if (condition === '' || condition.startsWith('ORDERBY')) return true;
    const [, since, days] = /^([a-z_]+)>=javascript:gs\.daysAgoStart\(([0-9]+)\)$/.exec(condition) ?? [];
    if (since !== undefined)
      return (row[since] ?? '') >= new Date(Date.parse(`${now}Z`) - Number(days) * DAY_MS).toISOString().slice(0, 10);
    const [, field = '', operator, value = ''] = /^([a-z_]+)(=|LIKE)([\s\S]*)$/.exec(condition) ?? [];
    const has = row[field] ?? '';
    return operator === '=' ? has.toLowerCase() === value.toLowerCase() : operator === 'LIKE' && has.includes(value);
  });
}

function fieldsOf(ask: Ask): Record<string, string> | undefined {
  const body = jsonOf(ask);
  return body && Object.fromEntries(Object.entries(body).map(([key, value]) => [key, String(value)]));
}

function failure(status: number, message: string): Answer {
  return [status, { error: { message, detail: '' }, status: 'failure' }];
}
