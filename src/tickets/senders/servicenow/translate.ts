import type { Translation } from '../sender.js';
import { textAt, valueAt } from '../value-at.js';

/** Over the body that the business rule of docs/tickets/servicenow.md writes: fields of the change, under ServiceNow's own names. */
export const translation: Translation = {
  map: {
    ticket: 'number',
    url: 'url',
    generation: 'sys_mod_count',
    hostnames: '(cmdb_cis[].name) || `null`',
    requestedBy: 'requested_by',
    reason: 'short_description',
  },
  counts: true,
  asEvent: (record) => ({ ...(record as object), requested_by: valueAt(record, 'requested_by_name') }),
  withdraws: (payload) => !['', 'approved'].includes(textAt(payload, 'approval')),
  actors: ['sys_updated_by'],
  written: ['work_notes', 'comments'],
};
