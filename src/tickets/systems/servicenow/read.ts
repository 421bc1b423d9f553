import { isRecord, memberOf, type TicketRecord, withId } from '../system.js';

const SYS_ID = /^[0-9a-f]{32}$/;
/** No `^`, which would add conditions of its own to the query. */
const NUMBER = /^[A-Za-z0-9_-]{1,40}$/;

/** The Table API: by sys_id it answers with the record, by a query with a list of them. */
export const serviceNowRecord: TicketRecord = {
  path(ticketId, { table = 'change_request' }) {
    const records = `/api/now/table/${encodeURIComponent(table)}`;
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
};
