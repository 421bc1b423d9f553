import { expect, test } from '@jest/globals';
import { translated } from '../../../../test/support/translated.js';

/** The body of docs/tickets/freshservice.md: Freshservice has none of its own that says what is to be done. */
const BODY = {
  ticket: { id: '1042', url: 'https://example.freshservice.com/helpdesk/tickets/1042', generation: '1' },
  hosts: 'web01,web02 ',
  requestedBy: 'ada@example.com',
  reason: 'Patch OpenSSL',
};

test('what the Workflow Automator sends asks for the hosts of its field', () => {
  expect(translated('freshservice', BODY)).toEqual({
    ticket: BODY.ticket,
    targets: { hostnames: ['web01', 'web02'] },
    requestedBy: 'ada@example.com',
    reason: 'Patch OpenSSL',
  });
});

test('it cannot name a script, a query over everything or a parameter of the playbook', () => {
  const more = { ...BODY, script: 1, run: { script: 1 }, targets: { everything: true, query: { source: 'car', filter: '' } } };
  expect(translated('freshservice', more)).toEqual(translated('freshservice', BODY));
});

test('an event of our own account, or with our own marker, asks for nothing', () => {
  expect(translated('freshservice', BODY, { account: 'ada@example.com' })).toEqual({ ignored: 'it was done by our own account' });
  expect(translated('freshservice', { ...BODY, note: 'see overhaul:fresh/1042/1' })).toEqual({ ignored: 'it was written by us' });
});
