import type { Translation } from '../sender.js';

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
  actors: ['sys_updated_by'],
  written: ['work_notes', 'comments'],
};
