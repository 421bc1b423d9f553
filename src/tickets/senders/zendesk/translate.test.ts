import { describe, expect, test } from '@jest/globals';
import { translated } from '../../../../test/support/translated.js';

const asked = (payload: unknown, setting: Parameters<typeof translated>[2] = {}) => translated('zendesk', payload, setting);

/**
 * An event as https://developer.zendesk.com/api-reference/webhooks/event-types/webhook-event-types/ and …/ticket-events/ describe it: the
 * envelope of the first page, the properties of `detail` and `event.meta` of the second, with the values of its examples.
 */
const PUBLISHED = {
  type: 'zen:event-type:ticket.status_changed',
  account_id: 12514403,
  id: '2b24ef10-19d4-4740-93cf-8f98ec4776c0',
  time: '2099-07-04T05:33:18Z',
  zendesk_event_version: '2022-06-20',
  subject: 'zen:ticket:35436',
  detail: {
    actor_id: '20978392',
    assignee_id: '235324',
    custom_status: '6876543',
    external_id: 'TEST1234',
    id: '35436',
    priority: 'LOW',
    status: 'OPEN',
    subject: 'Printer on fire',
    tags: ['enterprise'],
    via: { channel: 'web' },
  },
  event: { current: 'OPEN', previous: 'NEW', meta: { sequence: { id: 'CE4A698AF24F35B3208649C6951E000E', position: 1, total: 1 } } },
};

describe('an event of Zendesk', () => {
  test('that moves the status asks, under the id of the action: its custom status moves with it, and is the same', () => {
    const same = { ...PUBLISHED, type: 'zen:event-type:ticket.custom_status_changed', id: 'another' };
    for (const event of [PUBLISHED, same]) {
      expect(asked(event, { map: { hostnames: 'detail.tags' } })).toEqual({
        ticket: { id: '35436', generation: 'CE4A698AF24F35B3208649C6951E000E' },
        targets: { hostnames: ['enterprise'] },
        reason: 'Printer on fire',
      });
    }
    expect(asked({ ...PUBLISHED, event: {} })).toMatchObject({ ticket: { generation: '2b24ef10-19d4-4740-93cf-8f98ec4776c0' } });
  });

  test('of another kind asks for nothing, unless the hook says what authorises a run', () => {
    const tagged = { ...PUBLISHED, type: 'zen:event-type:ticket.tags_changed' };
    expect(asked(tagged)).toEqual({ ignored: 'zen:event-type:ticket.tags_changed asks for nothing' });
    expect(asked(tagged, { map: { generation: 'detail.external_id' } })).toMatchObject({ ticket: { generation: 'TEST1234' } });
    const user = { ...PUBLISHED, type: 'zen:event-type:user.active_changed' };
    expect(asked(user, { map: { generation: 'id' } })).toEqual({ ignored: 'zen:event-type:user.active_changed asks for nothing' });
  });

  test('of a trigger has the body of our document: hosts in one field, between commas', () => {
    const body = {
      ticket: { id: '35436', url: 'https://example.zendesk.com/agent/tickets/35436', generation: '1' },
      hosts: 'web01, web02',
      requestedBy: 'ada@example.com',
      reason: 'Printer on fire',
    };
    expect(asked(body)).toEqual({
      ticket: body.ticket,
      targets: { hostnames: ['web01', 'web02'] },
      requestedBy: 'ada@example.com',
      reason: 'Printer on fire',
    });
    expect(asked({ ...body, hosts: undefined, targets: { hostnames: ['db01'] } })).toMatchObject({ targets: { hostnames: ['db01'] } });
  });

  test('of our own account, or with our own marker, asks for nothing', () => {
    expect(asked(PUBLISHED, { account: '20978392' })).toEqual({ ignored: 'it was done by our own account' });
    expect(asked({ ...PUBLISHED, event: { comment: { body: 'overhaul:zendesk/35436/1: done' } } })).toEqual({
      ignored: 'it was written by us',
    });
  });
});
