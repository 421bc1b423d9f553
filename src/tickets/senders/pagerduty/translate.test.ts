import { describe, expect, test } from '@jest/globals';
import { translated } from '../../../../test/support/translated.js';

const OCCURRED = '2020-10-02T18:45:22.169Z';
const now = new Date(Date.parse(OCCURRED) + 60_000);
const asked = (payload: unknown, setting: Parameters<typeof translated>[2] = {}) => translated('pagerduty', payload, { now, ...setting });

/** The example of https://developer.pagerduty.com/docs/webhooks-overview (webhooks/01-Overview.md in PagerDuty/developer-docs). */
const PUBLISHED = {
  event: {
    id: '5ac64822-4adc-4fda-ade0-410becf0de4f',
    event_type: 'incident.priority_updated',
    resource_type: 'incident',
    occurred_at: OCCURRED,
    agent: {
      html_url: 'https://acme.pagerduty.com/users/PLH1HKV',
      id: 'PLH1HKV',
      self: 'https://api.pagerduty.com/users/PLH1HKV',
      summary: 'Tenex Engineer',
      type: 'user_reference',
    },
    client: { name: 'PagerDuty' },
    data: {
      id: 'PGR0VU2',
      type: 'incident',
      self: 'https://api.pagerduty.com/incidents/PGR0VU2',
      html_url: 'https://acme.pagerduty.com/incidents/PGR0VU2',
      number: 2,
      status: 'triggered',
      incident_key: 'd3640fbd41094207a1c11e58e46b1662',
      created_at: '2020-04-09T15:16:27Z',
      title: 'A little bump in the road',
      urgency: 'high',
      resolve_reason: null,
    },
  },
};

/** `incident_field_values` of the same documents, 20-Early-Access-Webhooks.md. */
const FIELD_VALUES = {
  incident: {
    html_url: 'https://acme.pagerduty.com/incidents/PBAZLIU',
    id: 'PBAZLIU',
    self: 'https://api.pagerduty.com/incidents/PBAZLIU',
    summary: null,
    type: 'incident_reference',
  },
  custom_fields: [
    { data_type: 'string', id: 'PICFVXX', name: 'environment', type: 'field_value', value: 'production', field_type: 'single_value' },
    { data_type: 'string', id: 'PF3UUI7', name: 'region', type: 'field_value', value: ['US'], field_type: 'multi_value_fixed' },
  ],
  changed_custom_fields: [
    { data_type: 'string', id: 'PICFVXX', name: 'environment', type: 'field_value', value: 'staging', field_type: 'single_value_fixed' },
  ],
  type: 'incident_field_values',
};
const updated = (data: object) => ({ event: { ...PUBLISHED.event, event_type: 'incident.custom_field_values.updated', data } });
const approval = {
  data_type: 'string',
  id: 'PF3UUI8',
  name: 'overhaul_approval',
  type: 'field_value',
  value: 'yes-1',
  field_type: 'single_value',
};
const hosts = {
  data_type: 'string',
  id: 'PF3UUI9',
  name: 'overhaul_hosts',
  type: 'field_value',
  value: ['web01', 'web02'],
  field_type: 'multi_value',
};
const APPROVED = updated({
  ...FIELD_VALUES,
  custom_fields: [...FIELD_VALUES.custom_fields, approval, hosts],
  changed_custom_fields: [approval],
});

describe('an event of PagerDuty', () => {
  test('that sets overhaul_approval asks, for the hosts of overhaul_hosts and under the value of the approval', () => {
    expect(asked(APPROVED)).toEqual({
      ticket: { id: 'PBAZLIU', url: 'https://acme.pagerduty.com/incidents/PBAZLIU', generation: 'yes-1' },
      targets: { hostnames: ['web01', 'web02'] },
      requestedBy: 'Tenex Engineer',
    });
  });

  test('that sets other fields, or takes the approval away, asks for nothing', () => {
    expect(asked(updated(FIELD_VALUES))).toEqual({ ignored: 'overhaul_approval did not change' });
    const withdrawn = { ...FIELD_VALUES, custom_fields: [{ ...approval, value: null }], changed_custom_fields: [approval] };
    expect(asked(updated(withdrawn))).toEqual({ ignored: 'overhaul_approval is empty' });
  });

  test('of another kind asks for nothing, unless the hook says what authorises a run', () => {
    expect(asked(PUBLISHED)).toEqual({ ignored: 'incident.priority_updated asks for nothing' });
    expect(asked(PUBLISHED, { map: { generation: 'event.data.priority.id || event.id' } })).toMatchObject({
      ticket: { id: 'PGR0VU2', generation: '5ac64822-4adc-4fda-ade0-410becf0de4f' },
      reason: 'A little bump in the road',
    });
    const ping = { event: { event_type: 'pagey.ping', data: { message: 'Hello from your friend Pagey!', type: 'ping' } } };
    expect(asked(ping, { map: { generation: 'event.id' } })).toEqual({ ignored: 'pagey.ping asks for nothing' });
  });

  test('older than 49 hours is a replay: PagerDuty tries for 48', () => {
    expect(asked(APPROVED, { now: new Date(Date.parse(OCCURRED) + 49 * 3_600_000 + 1) })).toEqual({
      ignored: 'the event is older than 49 hours',
    });
  });

  test('of our own account, or a note with our own marker, asks for nothing', () => {
    expect(asked(APPROVED, { account: 'tenex engineer' })).toEqual({ ignored: 'it was done by our own account' });
    const note = {
      event: { ...PUBLISHED.event, data: { type: 'incident_note', id: 'P2LA89X', content: 'overhaul:pd/PGR0VU2/yes-1 done' } },
    };
    expect(asked(note, { map: { generation: 'event.id' } })).toEqual({ ignored: 'it was written by us' });
  });
});
