// Which tickets a hook's search finds: hints like events, of which each is read by itself before anything starts.
import type { Config, Hook } from '../../contracts/config/file.js';
import { FIND } from '../../contracts/config/hook.js';
import type { Environment } from '../../contracts/config/secret-ref.js';
import type { TicketHttp } from '../http/client.js';
import { accessTo } from '../read/read-ticket.js';
import { type TicketSource, ticketSource } from '../reading.js';
import { foundTicketId } from './decide.js';

/** `isWhole`: the search had no more to show. */
export type TicketSearch = { kind: 'found'; ids: string[]; isWhole: boolean } | { kind: 'unreadable'; why: string };

/** Newest first: what lies behind so many pages is found as soon as it is changed, or by a narrower search. */
const MOST_PAGES = 10;

/** What the hook searches by: its own word, else its system's. Undefined where it does not search. */
export function searchOf(config: Pick<Config, 'tickets'>, hook: Hook): { source: TicketSource; find: string } | undefined {
  const source = ticketSource(config, hook);
  const find = hook.find ?? (source?.entry.system === hook.system ? FIND[hook.system] : undefined);
  return source && find !== undefined && hook.reconcile !== false ? { source, find } : undefined;
}

export async function searchTickets(
  to: { http: TicketHttp; env: Environment },
  { hook, source, find, signal }: { hook: Hook; source: TicketSource; find: string; signal?: AbortSignal | undefined },
): Promise<TicketSearch> {
  const access = await accessTo(to, { ...source, signal });
  if (typeof access === 'string') return { kind: 'unreadable', why: access };
  const { search } = access.system;
  const ids = new Set<string>();
  let path: string | undefined = search.path({ find, hook, page: 0, token: undefined });
  for (let page = 0; path !== undefined; page += 1) {
    if (page === MOST_PAGES) return { kind: 'found', ids: [...ids], isWhole: false };
    const answer = await access.get(path);
    const rows = answer.status === 200 ? search.rows(answer.body) : undefined;
    if (!rows)
      return { kind: 'unreadable', why: `the search was answered ${answer.status}${answer.status === 200 ? ', with something else' : ''}` };
    for (const row of rows) {
      const id = foundTicketId(hook, row);
      if (id !== undefined) ids.add(id);
    }
    const token = search.token?.(answer.body);
    const hasMore = search.token ? token !== undefined : rows.length >= search.pageSize;
    path = hasMore ? search.path({ find, hook, page: page + 1, token }) : undefined;
  }
  return { kind: 'found', ids: [...ids], isWhole: true };
}
