// Where a ticket is written into: its system's API, with the credential of its `tickets` entry as it is at that moment.
import type { TicketsEntry } from '../../contracts/config/file.js';
import type { Hook } from '../../contracts/config/hook.js';
import type { Environment } from '../../contracts/config/secret-ref.js';
import type { TicketHttp } from '../http/client.js';
import { accessTo } from '../read/read-ticket.js';
import { type Desk, TicketRefused } from '../systems/writer.js';

interface At {
  name: string;
  entry: TicketsEntry;
  hook: Hook;
  ticketId: string;
}

/** Rejects with a sentence where the entry lacks what its system needs. */
export async function openDesk(http: TicketHttp, env: Environment, { name, entry, hook, ticketId }: At): Promise<Desk> {
  const access = await accessTo({ http, env }, { name, entry });
  if (typeof access === 'string') throw new Error(access);
  // What is no id would be another address.
  if (access.system.read.path(ticketId, hook) === undefined) throw new Error(`no ticket of ${entry.system} has such an id`);
  return {
    ...{ ticketId, table: hook.table, username: access.username },
    async call(method, path, { json, body, headers } = {}) {
      const answer = await access.send({
        ...{ method, path },
        headers: { ...(json === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        body: json === undefined ? body : JSON.stringify(json),
      });
      if (answer.status >= 200 && answer.status < 300) return answer.body;
      throw new TicketRefused(answer.status, `${entry.system} answered ${answer.status}`);
    },
  };
}
