import { createRequire } from 'node:module';
import { describe, expect, test } from '@jest/globals';
import { translated } from '../../../../test/support/translated.js';
import { formOf } from './issue-form.js';

type Example = Record<string, unknown> & { action?: string; issue?: Record<string, unknown>; label?: Record<string, unknown> };
const EXAMPLES = createRequire(import.meta.url)('@octokit/webhooks-examples') as { name: string; examples: Example[] }[];
const of = (name: string) => EXAMPLES.find((entry) => entry.name === name)?.examples ?? [];
const labeled = of('issues').find(({ action }) => action === 'labeled') ?? {};

const FORM = '### Hosts\n\nweb01.example.com\nweb02.example.com, db01\n\n### Asset IDs\n\n_No response_\n\n### Reason\n\nCVE-2026-0001';
const APPROVED = { ...labeled, label: { ...labeled.label, name: 'overhaul-approved' }, issue: { ...labeled.issue, body: FORM } };

describe('an event of GitHub', () => {
  test('that sets a label of ours asks, for the hosts of the issue form and under the name of the label', () => {
    expect(translated('github', APPROVED)).toEqual({
      ticket: {
        id: 'Codertocat/Hello-World#1',
        url: 'https://github.com/Codertocat/Hello-World/issues/1',
        generation: 'overhaul-approved',
      },
      targets: { hostnames: ['web01.example.com', 'web02.example.com', 'db01'] },
      requestedBy: 'Codertocat',
      reason: 'Spelling error in the README file',
    });
  });

  test('asks for the hosts that the issue names now, not for those of the event', () => {
    const record = { body: FORM.replace('web01.example.com', 'web09.example.com') };
    expect(translated('github', APPROVED, { record })).toMatchObject({
      targets: { hostnames: ['web09.example.com', 'web02.example.com', 'db01'] },
    });
    expect(translated('github', APPROVED, { record: { body: 'edited away' } })).not.toHaveProperty('targets');
  });

  test('may choose its playbook by an answer of the form, and the issue as it is now has the last word', () => {
    const from = { playbook: { from: 'form.playbook | [0]', allow: ['patch'] } };
    const event = { ...APPROVED, issue: { ...APPROVED.issue, body: `${FORM}\n### Playbook\npatch` } };
    expect(translated('github', event, from)).toMatchObject({ playbook: 'patch' });
    expect(translated('github', event, { ...from, record: { body: '### Playbook\nreboot' } })).toMatchObject({ playbook: 'reboot' });
  });

  test('published as an example asks for nothing, whatever it is', () => {
    const asking = EXAMPLES.flatMap(({ name, examples }) =>
      examples
        .map((example) => [name, translated('github', example)] as const)
        .filter(([, asked]) => !Object.hasOwn(asked as object, 'ignored')),
    );
    expect(EXAMPLES.length).toBeGreaterThan(50);
    expect(asking).toEqual([]);
  });

  test('of an issue passes where the hook says what authorises a run; one of a comment never does', () => {
    const map = { generation: 'issue.updated_at' };
    expect(translated('github', labeled, { map })).toMatchObject({ ticket: { generation: '2019-05-15T15:20:18Z' } });
    expect(of('issue_comment').map((example) => translated('github', example, { map }))).toEqual(
      of('issue_comment').map(() => ({ ignored: 'only events of issues ask for anything' })),
    );
  });

  test('of our own account asks for nothing', () => {
    expect(translated('github', APPROVED, { account: 'codertocat' })).toEqual({ ignored: 'it was done by our own account' });
  });
});

describe('the answers of an issue form', () => {
  test('are lists, without what was left empty and without fences', () => {
    expect(formOf('Intro\n### Hosts\n```\na, b\nc\n```\n## Other\nd\n### __proto__\nx\r\n')).toEqual(
      Object.fromEntries([
        ['hosts', ['a', 'b', 'c']],
        ['__proto__', ['x']],
      ]),
    );
    expect(formOf('no form')).toEqual({});
  });
});
