import { plainText } from '../entry-text.js';
import { isRecord, memberOf } from '../system.js';
import { type Desk, idOf, listIn, marked, stateMove, TicketRefused, type TicketWriter } from '../writer.js';
import { serviceNowRecord } from './read.js';

/** `[code]` in a journal field shows what follows as HTML. */
const tamed = (text: string): string => text.replace(/\[\s*(\/?)\s*code\s*\]/gi, '($1code)');

/** Work notes are a journal: each write adds one, and none is ever edited. */
export const serviceNowWriter: TicketWriter = {
  async find(desk, marker) {
    const id = await sysId(desk);
    const query = `element_id=${id}^element=work_notes^valueLIKE${marker}`;
    const journal = `/api/now/table/sys_journal_field?${search({ query, fields: 'sys_id,value', limit: '10' })}`;
    const rows = await desk.call('GET', journal).catch(refusedAsNone);
    if (marked(listIn(rows, 'result'), ['value'], marker)) return id;
    // Whoever may not read the journal's table is shown an empty one; the record shows its notes to everybody who may read them there.
    const shown = await desk.call('GET', `${recordPath(desk, id)}?sysparm_display_value=true&sysparm_fields=sys_id,work_notes`);
    return marked([memberOf(shown, 'result')], ['work_notes'], marker) ? id : undefined;
  },
  async post(desk, entry) {
    const id = await sysId(desk);
    await desk.call('PATCH', recordPath(desk, id), { json: { work_notes: plainText(entry, tamed) } });
    return undefined;
  },
  attach: {
    async isThere(desk, name) {
      const query = `table_sys_id=${await sysId(desk)}^file_name=${name}`;
      return listIn(await desk.call('GET', `/api/now/attachment?${search({ query, limit: '1' })}`), 'result').some(
        (row) => memberOf(row, 'file_name') === name,
      );
    },
    async put(desk, file) {
      const to = new URLSearchParams({ table_name: tableOf(desk), table_sys_id: await sysId(desk), file_name: file.name });
      await desk.call('POST', `/api/now/attachment/file?${to}`, {
        body: file.text,
        headers: { 'content-type': 'text/csv; charset=utf-8' },
      });
    },
  },
  moves: ({ fields = {} }) => [
    stateMove(record, fields, async (desk) => {
      const id = await sysId(desk);
      await desk.call('PATCH', recordPath(desk, id), {
        json: Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, String(value)])),
      });
    }),
  ],
};

function refusedAsNone(error: unknown): undefined {
  if (error instanceof TicketRefused && (error.status === 401 || error.status === 403)) return undefined;
  throw error;
}

async function record(desk: Desk): Promise<Record<string, unknown>> {
  const path = serviceNowRecord.path(desk.ticketId, desk);
  const found = path === undefined ? undefined : serviceNowRecord.record(await desk.call('GET', path), desk.ticketId);
  if (!isRecord(found)) throw new TicketRefused(404, 'the answer of servicenow is not this ticket');
  return found;
}

async function sysId(desk: Desk): Promise<string> {
  const id = idOf(await record(desk), 'sys_id');
  if (id === undefined || !/^[0-9a-f]{32}$/.test(id)) throw new TicketRefused(404, 'the ticket has no sys_id');
  return id;
}

function recordPath(desk: Desk, id: string): string {
  return `/api/now/table/${encodeURIComponent(tableOf(desk))}/${id}`;
}

function tableOf({ table = 'change_request' }: Desk): string {
  return table;
}

function search(parameters: Record<string, string>): string {
  return new URLSearchParams(Object.entries(parameters).map(([name, value]): [string, string] => [`sysparm_${name}`, value])).toString();
}
