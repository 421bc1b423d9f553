import { expect, test } from '@jest/globals';
import { translated } from '../../../../test/support/translated.js';

/** What the business rule of docs/tickets/servicenow.md sends; its fields are those of ServiceNow's task and change_request tables. */
const BODY = {
  number: 'CHG0030001',
  sys_id: 'c83c5e5347c12200e0ef563dbb9a7190',
  sys_mod_count: 7,
  url: 'https://example.service-now.com/change_request.do?sys_id=c83c5e5347c12200e0ef563dbb9a7190',
  approval: 'approved',
  short_description: 'Patch OpenSSL',
  requested_by: 'Ada Example',
  sys_updated_by: 'ada',
  cmdb_cis: [{ sys_id: '1', name: 'web01' }],
};

test('a change asks for its configuration items, under the count of its changes', () => {
  expect(translated('servicenow', BODY)).toEqual({
    ticket: { id: 'CHG0030001', url: BODY.url, generation: '7' },
    targets: { hostnames: ['web01'] },
    requestedBy: 'Ada Example',
    reason: 'Patch OpenSSL',
  });
  expect(translated('servicenow', { ...BODY, cmdb_cis: [] })).not.toHaveProperty('targets');
});

test('a change of our own account, or with our own marker, asks for nothing', () => {
  expect(translated('servicenow', BODY, { account: 'Ada' })).toEqual({ ignored: 'it was done by our own account' });
  expect(translated('servicenow', { ...BODY, work_notes: '[overhaul:snow/CHG0030001/7] done' })).toEqual({
    ignored: 'it was written by us',
  });
});
