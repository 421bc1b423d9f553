import { describe, expect, test } from '@jest/globals';
import { type Config, parseConfig } from '../contracts/config/file.js';
import { decideStart, memoOf } from './start-request.js';

function configOf(text: string): Config {
  const parsed = parseConfig(text);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
}

const CONFIG = configOf(`
playbooks:
  patch: { run: { script: 72648, output: failed, reason: standing order, maxAssets: 400 }, targets: { choose: [assetIds, hostnames], max: 3 }, approval: { quorum: 2 } }
  reboot: { run: { script: Reboot }, targets: { choose: [assetTagIds] } }
  plain: { run: { script: 1 } }
  short: { run: { script: 1 }, targets: { match: label, seenWithin: 7d } }
  rollout:
    campaign: { name: openssl, steps: { remediate: { script: 72648 }, verify: 72649 }, waves: [{ name: canary, size: 5, soak: 1d }, { name: rest, approval: false }], windows: [{ days: [Saturday], from: '0:00', to: '06:00', timezone: Europe/Berlin }] }
    approval: { quorum: 2, expires: 3d, approvers: [ann, bob] }
    targets: { max: 500 }
hooks:
  waves: { system: standard, secrets: [{ env: S }], playbook: rollout }
  fixed: { system: standard, secrets: [{ env: S }], playbook: patch }
  plain: { system: standard, secrets: [{ env: S }], playbook: plain }
  short: { system: standard, secrets: [{ env: S }], playbook: short }
  chosen: { system: standard, secrets: [{ env: S }], playbook: { from: playbook, allow: [patch, reboot] }, ticket: snow }
  zen: { system: zendesk, secrets: [{ env: S }], playbook: plain, ticket: zen, approved: 'true', map: { hostnames: 'detail.tags' } }
  mapped:
    system: standard
    secrets: [{ env: S }]
    playbook: { from: u_playbook, allow: [patch] }
    map: { ticket: number, generation: sys_mod_count, hostnames: "cmdb_cis[].name", requestedBy: opened_by.name }
    ticket: snow
tickets: { snow: { system: servicenow }, zen: { system: zendesk } }
`);

function decide(hookName: string, payload: unknown) {
  const hook = CONFIG.hooks[hookName];
  if (!hook) throw new Error(`no hook ${hookName}`);
  return decideStart(CONFIG, hookName, hook, { payload });
}

const TICKET = { id: 'CHG0030001', generation: '2' };

describe('a ticket event', () => {
  test('that any change of the ticket sends authorises one run of the ticket, ever; what names its authorisation does not', () => {
    const changed = { type: 'zen:event-type:ticket.status_changed', id: 'e1', detail: { id: '7', tags: ['web01'] } };
    const named = { ticket: { id: '7', generation: '2' }, detail: { tags: ['web01'] } };
    const memos = [changed, named].map((payload) => {
      const decision = decide('zen', payload);
      return decision.kind === 'start' ? memoOf(decision) : decision;
    });
    expect(memos).toEqual([{ playbook: 'plain', ticketStart: { single: true } }, { playbook: 'plain' }]);
  });

  test('starts the playbook on the targets of the ticket, under the id of the ticket', () => {
    const payload = {
      ticket: { ...TICKET, url: 'https://example.com/CHG0030001' },
      playbook: 'patch',
      targets: { assetIds: [20452610, '20452611'], excludedAssetIds: [20452611] },
      requestedBy: 'ada',
      reason: 'CVE-2026-1',
    };
    expect(decide('fixed', payload)).toEqual({
      kind: 'start',
      workflow: 'remediationRun',
      workflowId: 'fixed/CHG0030001/2',
      playbook: 'patch',
      approval: { quorum: 2 },
      input: expect.objectContaining({
        script: '72648',
        output: 'failed',
        targets: { assetIds: ['20452610', '20452611'], excludedAssetIds: ['20452611'] },
        ticket: { hook: 'fixed', system: 'standard', id: 'CHG0030001', url: 'https://example.com/CHG0030001' },
        requestedBy: 'ada',
        reason: 'CVE-2026-1',
        maxAssets: 3,
      }),
    });
  });

  test('finds hosts as the playbook says, or as strictly as the ticket asks', () => {
    const targetsOf = (hook: string, more: object) => {
      const decision = decide(hook, { ticket: TICKET, targets: { hostnames: ['web-1'], ...more } });
      return decision.kind === 'start' ? decision.input.targets : decision;
    };
    expect(targetsOf('short', {})).toEqual({ hostnames: ['web-1'], match: 'label', seenWithin: 604_800_000 });
    expect(targetsOf('short', { match: 'exact', seenWithin: '1d' })).toEqual({
      ...{ hostnames: ['web-1'], match: 'exact', seenWithin: 86_400_000 },
    });
    expect(targetsOf('short', { match: 'label', seenWithin: '30d' })).toMatchObject({ match: 'label', seenWithin: 604_800_000 });
    expect(targetsOf('plain', { seenWithin: '30d' })).toEqual({ hostnames: ['web-1'], seenWithin: 2_592_000_000 });
    expect(targetsOf('plain', { match: 'label' })).toEqual({
      kind: 'refused',
      problems: [{ path: 'targets.match', problem: 'cannot be set by a ticket: set targets.match in playbook "plain"' }],
    });
  });

  test('starts the campaign of a playbook, whose approval holds for every wave that does not say otherwise', () => {
    expect(decide('waves', { ticket: TICKET, targets: { hostnames: ['web01'] }, requestedBy: 'ada' })).toEqual({
      kind: 'start',
      workflow: 'remediationCampaign',
      workflowId: 'waves/CHG0030001/2',
      playbook: 'rollout',
      input: expect.objectContaining({
        name: 'openssl',
        steps: { remediate: { script: '72648' }, verify: { script: '72649' } },
        targets: { hostnames: ['web01'] },
        ticket: { hook: 'waves', system: 'standard', id: 'CHG0030001' },
        requestedBy: 'ada',
        maxAssets: 500,
        approval: { quorum: 2, expires: 259_200_000, approvers: ['ann', 'bob'] },
        waves: [
          { name: 'canary', size: 5, soak: 86_400_000 },
          { name: 'rest', approval: false },
        ],
        windows: [{ days: ['SAT'], from: '00:00', to: '06:00', timezone: 'Europe/Berlin' }],
      }),
    });
  });

  test('a requester among the approvers who can then never be enough is refused', () => {
    expect(decide('waves', { ticket: TICKET, targets: { hostnames: ['web01'] }, requestedBy: 'ann' })).toEqual({
      kind: 'refused',
      problems: [
        { path: 'approval', problem: 'a quorum of 2 can never be reached: the number of approvers without the requester (ann) is 1' },
      ],
    });
  });

  test('may choose among the playbooks that its hook allows; the tickets entry gives the id its first segment', () => {
    expect(decide('chosen', { ticket: TICKET, playbook: 'reboot', targets: { assetTagIds: [9] } })).toMatchObject({
      kind: 'start',
      workflowId: 'snow/CHG0030001/2',
      playbook: 'reboot',
      input: { script: 'Reboot', ticket: { hook: 'chosen', system: 'servicenow', id: 'CHG0030001' } },
    });
  });

  test("a mapped payload is read by its hook's expressions, whatever else it holds", () => {
    const payload = {
      number: 'CHG7',
      sys_mod_count: 12,
      u_playbook: 'patch',
      cmdb_cis: [{ name: 'web01' }, { name: 'web02' }],
      opened_by: { name: 'ada' },
      more: { of: ['everything'] },
    };
    expect(decide('mapped', payload)).toMatchObject({
      kind: 'start',
      workflowId: 'snow/CHG7/12',
      input: { targets: { hostnames: ['web01', 'web02'] }, requestedBy: 'ada', reason: 'standing order' },
    });
  });

  test.each([
    ['chosen', { ticket: TICKET, targets: { assetIds: [1] } }, 'the event names no playbook'],
    ['mapped', { number: 'CHG7', sys_mod_count: 1, u_playbook: '', cmdb_cis: [{ name: 'web01' }] }, 'the event names no playbook'],
    ['fixed', { ticket: TICKET }, 'the event names no targets'],
  ])('at hook %s, %j asks for nothing', (hook, payload, why) => {
    expect(decide(hook, payload)).toEqual({ kind: 'ignored', why });
  });

  test.each<[string, unknown, string[]]>([
    ['fixed', { ticket: TICKET, playbook: 'reboot', targets: { assetIds: [1] } }, ['playbook: this hook runs only "patch", not "reboot"']],
    [
      'chosen',
      { ticket: TICKET, playbook: 'constructor', targets: { assetIds: [1] } },
      ['playbook: "constructor" is not allowed here: this hook allows patch, reboot'],
    ],
    [
      'fixed',
      { ticket: TICKET, targets: { assetTagIds: [1], query: { source: 'car', filter: 'x' }, hostnames: ['a', 'b', 'c', 'd'] } },
      [
        'targets.assetTagIds: playbook "patch" accepts only assetIds, hostnames (targets.choose)',
        'targets.query: playbook "patch" accepts only assetIds, hostnames (targets.choose)',
        'targets: 4 assets exceed the limit of 3 of playbook "patch"',
      ],
    ],
    [
      'plain',
      { ticket: TICKET, targets: { assetTagIds: [1] } },
      ['targets.assetTagIds: playbook "plain" accepts only assetIds, hostnames (targets.choose)'],
    ],
    [
      'fixed',
      { ticket: TICKET, targets: { assetIds: [1], everything: true, despiteOpenCopies: true } },
      [
        'targets.everything: cannot be set by a ticket: start the run with overhaul run',
        'targets.despiteOpenCopies: cannot be set by a ticket: start the run with overhaul run',
      ],
    ],
    ['fixed', { ticket: TICKET, targets: {} }, ['targets: name at least one target: assetIds, hostnames, assetTagIds or query']],
    [
      'fixed',
      { ticket: { id: '', url: 'javascript:alert(1)' }, targets: { assetIds: ['x', 1.5] }, script: 1 },
      [
        'ticket.id: must not be empty',
        'ticket.url: must be an http(s) URL',
        'ticket.generation: must be a string or a whole number',
        'targets.assetIds[0]: "x" is not an id: use a positive whole number or a string of digits',
        'targets.assetIds[1]: 1.5 is not an id: use a positive whole number or a string of digits',
        'script: unknown key',
      ],
    ],
    [
      'fixed',
      { ticket: { id: 'ä'.repeat(200), generation: 1 }, targets: { assetIds: [1] } },
      [expect.stringContaining('would have 1208 bytes')] as unknown as string[],
    ],
  ])('at hook %s, %j is refused with every problem', (hook, payload, problems) => {
    const decision = decide(hook, payload);
    expect(decision.kind === 'refused' && decision.problems.map(({ path, problem }) => `${path}: ${problem}`)).toEqual(problems);
  });

  test('a payload that is no object at all is refused, mapped or not', () => {
    for (const payload of [null, 7, 'text', []]) {
      expect(decide('fixed', payload).kind).toBe('refused');
      expect(decide('mapped', payload).kind).toBe('refused');
    }
  });
});
