// A ticket system beside the gateway, for demos and tests: as much of ServiceNow's Table API as reading, work notes and state need.
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

export interface SimulatedTicket {
  table: string;
  /** As the Table API shows it: every value is text. */
  record: Record<string, string>;
  /** Work notes, oldest first. */
  notes: { value: string; createdOn: string }[];
}

export interface TicketDesk {
  /** Live. */
  readonly tickets: readonly SimulatedTicket[];
  /** True when the request was for the desk, and is answered. */
  answer(request: IncomingMessage, response: ServerResponse): Promise<boolean>;
}

interface DeskOptions {
  users: readonly { username: string; password: string }[];
  now: () => number;
}

const MAX_BODY_BYTES = 256 * 1024;
const TABLE = /^\/api\/now\/table\/([a-z][a-z0-9_]*)(?:\/([0-9a-f]{32}))?$/;
/** What the desk has at its start; more come with POST. */
const FIRST = { number: 'CHG0030001', short_description: 'Patch openssl', approval: 'approved', state: '-2' };

export function createTicketDesk({ users, now }: DeskOptions): TicketDesk {
  const tickets: SimulatedTicket[] = [];
  add('change_request', FIRST);

  function add(table: string, fields: Record<string, string>): SimulatedTicket {
    const number = fields.number || `${table === 'incident' ? 'INC' : 'CHG'}${String(30_001 + tickets.length).padStart(7, '0')}`;
    const sysId = createHash('md5').update(`${table} ${number} ${tickets.length}`).digest('hex');
    const ticket: SimulatedTicket = { table, record: { ...fields, number, sys_id: sysId, sys_mod_count: '0' }, notes: [] };
    tickets.push(ticket);
    return ticket;
  }

  /** A note is appended to the journal, and is no field of the record; every write counts, also one that changes nothing. */
  function write(ticket: SimulatedTicket, fields: Record<string, string>): void {
    const { work_notes: note, sys_id: _id, sys_mod_count: _count, ...rest } = fields;
    if (note) ticket.notes.push({ value: note, createdOn: instant(now()) });
    Object.assign(ticket.record, rest, { sys_mod_count: String(Number(ticket.record.sys_mod_count) + 1) });
  }

  async function tableApi(request: IncomingMessage, url: URL): Promise<[status: number, body: unknown]> {
    const isUser = users.some(({ username, password }) => request.headers.authorization === basic(username, password));
    if (!isUser) return failure(401, 'User Not Authenticated');
    const [, table = '', sysId] = TABLE.exec(url.pathname) ?? [];
    if (table === '') return failure(400, 'Requested URI does not represent any resource');
    if (sysId === undefined && request.method === 'GET') return [200, { result: found(table, url) }];
    const body = request.method === 'GET' ? {} : await fieldsOf(request);
    if (body === undefined) return failure(400, 'Exception while reading request');
    if (sysId === undefined)
      return request.method === 'POST' ? [201, { result: add(table, body).record }] : failure(405, 'Method not allowed');
    const ticket = tickets.find((one) => one.table === table && one.record.sys_id === sysId);
    if (!ticket) return failure(404, 'No Record found');
    if (request.method === 'PATCH' || request.method === 'PUT') write(ticket, body);
    else if (request.method !== 'GET') return failure(405, 'Method not allowed');
    return [200, { result: ticket.record }];
  }

  function found(table: string, url: URL): Record<string, string>[] {
    const rows =
      table === 'sys_journal_field'
        ? tickets.flatMap(({ table: name, record, notes }) =>
            notes.map(({ value, createdOn }) => ({
              ...{ name, element: 'work_notes', element_id: record.sys_id ?? '', value, sys_created_on: createdOn },
            })),
          )
        : tickets.filter((one) => one.table === table).map(({ record }) => record);
    const limit = Number(url.searchParams.get('sysparm_limit') ?? 10_000);
    return rows.filter((row) => matches(row, url.searchParams.get('sysparm_query') ?? '')).slice(0, limit);
  }

  return {
    tickets,
    async answer(request, response) {
      const url = new URL(request.url ?? '/', 'http://simulator');
      if (url.pathname === '/tickets') {
        response.setHeader('content-type', 'text/plain; charset=utf-8').end(page(tickets));
        return true;
      }
      if (!url.pathname.startsWith('/api/now/')) return false;
      const [status, body] = await tableApi(request, url);
      response.writeHead(status, { 'content-type': 'application/json;charset=UTF-8' }).end(JSON.stringify(body));
      return true;
    },
  };
}

/** `a=b^cLIKEd`: every condition holds. What the desk does not know matches nothing, so that no test believes it was understood. */
function matches(row: Record<string, string>, query: string): boolean {
  return query.split('^').every((condition) => {
    if (condition === '' || condition.startsWith('ORDERBY')) return true;
    const [, field = '', operator, value = ''] = /^([a-z_]+)(=|LIKE)([\s\S]*)$/.exec(condition) ?? [];
    const has = row[field] ?? '';
    return operator === '=' ? has.toLowerCase() === value.toLowerCase() : operator === 'LIKE' && has.includes(value);
  });
}

function page(tickets: readonly SimulatedTicket[]): string {
  const lines = tickets.flatMap(({ table, record, notes }) => [
    `${record.number}  ${table}  approval: ${record.approval ?? ''}  state: ${record.state ?? ''}`,
    ...notes.map(({ value, createdOn }) => `  ${createdOn}  ${value.replaceAll('\n', '\n    ')}`),
    '',
  ]);
  return lines.join('\n');
}

async function fieldsOf(request: IncomingMessage): Promise<Record<string, string> | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  try {
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    if (typeof body !== 'object' || body === null || Array.isArray(body)) return undefined;
    return Object.fromEntries(Object.entries(body).map(([key, value]) => [key, String(value)]));
  } catch {
    return undefined;
  }
}

function failure(status: number, message: string): [number, unknown] {
  return [status, { error: { message, detail: '' }, status: 'failure' }];
}

function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/** As ServiceNow writes instants: UTC, without a zone. */
function instant(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}
