import type { Translation } from '../sender.js';
import { textAt, valueAt } from '../value-at.js';

const valuesIn = (name: string, fields: string): string => `${fields}[?name == '${name}'].value`;
const fieldValue = (name: string): string => valuesIn(name, 'event.data.custom_fields');
const HOSTS = `(${valuesIn('overhaul_hosts', 'custom_fields')} | []) || \`null\``;

/**
 * V3 events: https://developer.pagerduty.com/docs/webhooks-overview. An incident has no approval of its own: a custom field of this name stands
 * for it, and its value for the authorisation (docs/tickets/pagerduty.md).
 */
export const translation: Translation = {
  map: {
    ticket: 'event.data.incident.id || event.data.id',
    url: 'event.data.incident.html_url || event.data.html_url',
    generation: `to_string(${fieldValue('overhaul_approval')} | [0])`,
    hostnames: `(${fieldValue('overhaul_hosts')} | []) || \`null\``,
    requestedBy: 'event.agent.summary',
    reason: 'event.data.incident.summary || event.data.title',
  },
  read: { hostnames: HOSTS },
  readable: (record) => Array.isArray(valueAt(record, 'custom_fields')),
  generations(record) {
    if (!Array.isArray(valueAt(record, 'custom_fields'))) return undefined;
    const value = valueAt(record, `${valuesIn('overhaul_approval', 'custom_fields')} | [0]`);
    return value === undefined || value === '' ? [] : [String(value)];
  },
  asEvent: (record) => ({ event: { data: record, agent: valueAt(record, 'last_status_change_by') } }),
  ignored: (payload, generations) => {
    const kind = textAt(payload, 'event.event_type');
    if (generations && kind.startsWith('incident.')) return undefined;
    if (kind !== 'incident.custom_field_values.updated') return `${kind || 'an event without event_type'} asks for nothing`;
    const marked = valueAt(payload, "event.data.changed_custom_fields[?name == 'overhaul_approval'] | [0]");
    if (marked === undefined) return 'overhaul_approval did not change';
    return valueAt(payload, `${fieldValue('overhaul_approval')} | [0]`) === undefined ? 'overhaul_approval is empty' : undefined;
  },
  actors: ['event.agent.id', 'event.agent.summary'],
  written: ['event.data.content', 'event.data.message'],
  // It tries for 48 hours.
  age: { at: 'event.occurred_at', form: 'ISO 8601', maxS: 49 * 3_600 },
};
