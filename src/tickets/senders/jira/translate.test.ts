import { describe, expect, test } from '@jest/globals';
import { translated } from '../../../../test/support/translated.js';

const SENT = 1525698237764;
const now = new Date(SENT + 60_000);

/** "Example callback for an issue related event" of https://developer.atlassian.com/cloud/jira/platform/webhooks/, the person replaced. */
const PUBLISHED = {
  id: 2,
  timestamp: SENT,
  issue: {
    id: '99291',
    self: 'https://jira.atlassian.com/rest/api/2/issue/99291',
    key: 'JRA-20002',
    fields: {
      summary: 'I feel the need for speed',
      created: '2009-12-16T23:46:10.612-0600',
      description: 'Make the issue nav load 10x faster',
      labels: ['UI', 'dialogue', 'move'],
      priority: 'Minor',
    },
  },
  user: {
    self: 'https://jira.atlassian.com/rest/api/2/user?username=ada',
    name: 'ada',
    key: 'ada',
    emailAddress: 'ada at example dot com',
    displayName: 'Ada Example',
    active: 'true',
  },
  changelog: {
    items: [
      { toString: 'A new summary.', to: null, fromString: 'What is going on here?????', from: null, fieldtype: 'jira', field: 'summary' },
    ],
    id: 10124,
  },
  comment: {
    self: 'https://jira.atlassian.com/rest/api/2/issue/10148/comment/252789',
    id: '252789',
    author: { name: 'ada', displayName: 'Ada Example' },
    body: 'Just in time for AtlasCamp!',
    created: '2011-06-07T10:31:26.805-0500',
  },
  webhookEvent: 'jira:issue_updated',
};
const MOVED = {
  ...PUBLISHED,
  changelog: {
    id: 10125,
    items: [{ field: 'status', fieldtype: 'jira', from: '3', fromString: 'In review', to: '10001', toString: 'Approved' }],
  },
};
const map = { hostnames: 'issue.fields.labels' };

describe.each(['jira', 'jira-dc'] as const)('an event of %s', (system) => {
  const asked = (payload: unknown, setting: Parameters<typeof translated>[2] = {}) => translated(system, payload, { now, ...setting });

  test('that moves the status asks, under the id of the change', () => {
    expect(asked(MOVED, { map })).toEqual({
      ticket: { id: 'JRA-20002', generation: '10125' },
      targets: { hostnames: ['UI', 'dialogue', 'move'] },
      requestedBy: 'Ada Example',
      reason: 'I feel the need for speed',
    });
  });

  test('that edits an issue asks for nothing: an approved issue would run again at each edit', () => {
    expect(asked(PUBLISHED)).toEqual({ ignored: 'the status of the issue did not change' });
    expect(asked(PUBLISHED, { map: { generation: 'issue.fields.created' } })).toMatchObject({
      ticket: { generation: '2009-12-16T23:46:10.612-0600' },
    });
  });

  test.each(['comment_created', 'jira:issue_deleted', 'issuelink_created', undefined])(
    'of the kind %s asks for nothing',
    (webhookEvent) => {
      expect(asked({ ...MOVED, webhookEvent })).toEqual({ ignored: expect.stringContaining('asks for nothing') });
    },
  );

  test('that tells of a new issue asks', () => {
    const { changelog: _none, ...created } = { ...PUBLISHED, webhookEvent: 'jira:issue_created' };
    expect(asked(created)).toMatchObject({ ticket: { id: 'JRA-20002', generation: 'created' } });
  });

  test('older than a day, by its own signed time, is a replay', () => {
    expect(asked(MOVED, { now: new Date(SENT + 24 * 3_600_000) })).toMatchObject({ ticket: { generation: '10125' } });
    expect(asked(MOVED, { now: new Date(SENT + 24 * 3_600_000 + 1) })).toEqual({ ignored: 'the event is older than 24 hours' });
  });

  test('of our own account, or with our own marker, asks for nothing', () => {
    expect(asked(MOVED, { account: 'ADA' })).toEqual({ ignored: 'it was done by our own account' });
    const tree = { type: 'doc', content: [{ type: 'text', text: 'Overhaul: approved (overhaul:jira/JRA-20002/10125)' }] };
    for (const body of ['done overhaul:jira/JRA-20002/10125', tree])
      expect(asked({ ...MOVED, comment: { body } })).toEqual({ ignored: 'it was written by us' });
  });
});
