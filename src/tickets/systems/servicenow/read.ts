import { isRecord, memberOf, queryString, recordsOf, type TicketFinding, type TicketPart, type TicketRecord, withId } from '../system.js';

const SYS_ID = /^[0-9a-f]{32}$/;
/** No `^`, which would add conditions of its own to the query. */
const NUMBER = /^[A-Za-z0-9_-]{1,40}$/;

const PAGE = 100;
/** More than any playbook takes. */
const MOST_ITEMS = 10_000;

/** What the business rule sends beside the record: references are read by name. */
const names: TicketPart = {
  path: ({ sys_id: id }, { hook, isSearch }) =>
    isSearch ? `${tableOf(hook)}/${String(id)}?${queryString({ sysparm_fields: 'requested_by.name,cmdb_ci.name' })}` : undefined,
  add(record, body) {
    const found = memberOf(body, 'result');
    if (!isRecord(found)) return undefined;
    const [item, requester] = [memberOf(found, 'cmdb_ci.name'), memberOf(found, 'requested_by.name')];
    return { ...record, cmdb_cis: typeof item === 'string' && item !== '' ? [{ name: item }] : [], requested_by_name: requester };
  },
};

/** The affected items, where there are any, stand for the item of the change. */
const affectedItems: TicketPart = {
  path({ sys_id: id }, { isSearch }) {
    const query = { sysparm_query: `task=${String(id)}`, sysparm_fields: 'ci_item.name', sysparm_limit: MOST_ITEMS };
    return isSearch ? `/api/now/table/task_ci?${queryString(query)}` : undefined;
  },
  add(record, body) {
    const rows = recordsOf(memberOf(body, 'result'));
    const items = rows?.map((row) => ({ name: memberOf(row, 'ci_item.name') }));
    return items && { ...record, ...(items.length > 0 ? { cmdb_cis: items } : {}) };
  },
};

/** The Table API: by sys_id it answers with the record, by a query with a list of them. */
export const serviceNowRecord: TicketRecord = {
  path(ticketId, hook) {
    const records = tableOf(hook);
    if (SYS_ID.test(ticketId)) return `${records}/${ticketId}`;
    return NUMBER.test(ticketId) ? `${records}?sysparm_query=number%3D${ticketId}&sysparm_limit=2` : undefined;
  },
  /** A query answers with a list, also where nothing is found. */
  isGone(body) {
    const result = memberOf(body, 'result');
    return Array.isArray(result) && result.length === 0;
  },
  record(body, ticketId) {
    const result = memberOf(body, 'result');
    if (isRecord(result)) return withId(result, ['sys_id'], ticketId);
    // Two records of one number: nobody knows which of them was approved.
    return Array.isArray(result) && result.length === 1 ? withId(result[0], ['number'], ticketId) : undefined;
  },
  parts: [names, affectedItems],
};

export const serviceNowSearch: TicketFinding = {
  pageSize: PAGE,
  path({ find, hook, page }) {
    const query = { sysparm_query: `${find}^ORDERBYDESCsys_updated_on`, sysparm_limit: PAGE, sysparm_offset: page * PAGE };
    return `${tableOf(hook)}?${queryString(query)}`;
  },
  rows: (body) => recordsOf(memberOf(body, 'result')),
};

function tableOf({ table = 'change_request' }: { table?: string | undefined }): string {
  return `/api/now/table/${encodeURIComponent(table)}`;
}
