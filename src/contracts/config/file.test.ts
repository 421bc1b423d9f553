import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { defaultPolicy, loadConfigFile, parseConfig } from './file.js';

const FULL = `
playbooks:
  patch-openssl:
    run: { script: 72648, output: failed }
    targets: { choose: [assetIds, hostnames], max: 500 }
    approval: { quorum: 1, expires: 3d }
hooks:
  snow:
    system: standard
    secrets: [{ env: SNOW_HOOK_SECRET }, { file: /run/secrets/snow }]
    playbook: { from: "u_playbook", allow: [patch-openssl] }
    map: { ticket: number, generation: sys_mod_count, hostnames: "cmdb_cis[].name" }
    ticket: snow
tickets:
  snow: { system: servicenow, url: "https://example.service-now.com", username: { env: SNOW_USER }, password: { env: SNOW_PASSWORD } }
policy:
  approval: { aboveAssets: 1000 }
  caps: { callsPerHour: 2000.5 }
  executeInterval: 250ms
  scripts: { allow: [72648, "072601"] }
  neverTouch: { assetIds: [7], tags: [11, Payroll], hostnames: [dc01] }
access:
  tokens: [{ name: ci, role: operator, token: { env: CI_TOKEN } }]
  oidc: { issuer: "https://login.example.com", audience: overhaul, roles: groups }
notifications: [{ url: "https://chat.example.com/x", secret: { env: N_SECRET }, events: [approval, finished] }]
network: { allow: ["127.0.0.0/8", "fd00::/8"] }
`;

const problemsIn = (text: string) => {
  const parsed = parseConfig(text);
  return parsed.ok ? [] : parsed.problems.map(({ path, problem }) => `${path}: ${problem}`);
};

describe('the configuration file', () => {
  test('every key of the contract is understood, and values are normalised', () => {
    const parsed = parseConfig(FULL);
    expect(parsed).toMatchObject({
      ok: true,
      value: {
        playbooks: {
          'patch-openssl': {
            run: { script: '72648', output: 'failed' },
            targets: { max: 500 },
            approval: { quorum: 1, expires: 259_200_000 },
          },
        },
        hooks: { snow: { secrets: [{ env: 'SNOW_HOOK_SECRET' }, { file: '/run/secrets/snow' }], ticket: 'snow' } },
        network: { allow: ['127.0.0.0/8', 'fd00::/8'] },
      },
    });
    expect(parsed.ok && parsed.value.policy).toEqual({
      approval: { aboveAssets: 1000 },
      caps: { callsPerHour: 2000.5, executionsPerDay: 1000, concurrency: 2 },
      executeIntervalMs: 250,
      scripts: { allow: ['72648', '72601'] },
      neverTouch: { assetIds: ['7'], tags: ['11', 'Payroll'], hostnames: ['dc01'] },
    });
  });

  test('an empty file gives the defaults', () => {
    const parsed = parseConfig('');
    expect(parsed).toEqual({
      ok: true,
      value: {
        playbooks: {},
        hooks: {},
        tickets: {},
        policy: defaultPolicy(),
        access: {},
        notifications: [],
        server: { trustedProxies: [] },
        network: { allow: [] },
      },
    });
  });

  test('an execute interval of 0 means none, which is not the same as unknown', () => {
    const parsed = parseConfig('policy: { executeInterval: 0 }');
    expect(parsed.ok && parsed.value.policy.executeIntervalMs).toBe(0);
  });

  test('all problems come at once, each with path and line', () => {
    const text = [
      'playbooks:',
      '  a: { run: { script: 1, outputs: all } }',
      '  b: { campaign: { name: x } }',
      '  c: {}',
      'hooks:',
      '  jira: { system: jira, secrets: [], playbook: nowhere, ticket: nowhere }',
      '  std: { system: standard, secrets: [{ env: S }], playbook: { from: "a[", allow: [b, z] } }',
      'policy: { caps: { concurrency: 0 } }',
      'colour: red',
    ].join('\n');
    expect(problemsIn(text)).toEqual([
      'playbooks.a.run.outputs: unknown key; did you mean output? (overhaul.yaml:2)',
      'playbooks.b.campaign.steps: is missing: must be an object (its keys: assess, remediate, verify, rollback) (overhaul.yaml:3)',
      'playbooks.c.run: needs run: { script: … } or campaign: { name: …, steps: { remediate: … } } (overhaul.yaml:4)',
      'hooks.jira.secrets: name at least one secret (overhaul.yaml:6)',
      expect.stringMatching(/^hooks\.std\.playbook\.from: is not a valid JMESPath expression: .+ \(overhaul\.yaml:7\)$/),
      'policy.caps.concurrency: must be more than 0 (overhaul.yaml:8)',
      'colour: unknown key (overhaul.yaml:9)',
      'hooks.jira.playbook: "nowhere" is not among the playbooks of this file (a, b, c) (overhaul.yaml:6)',
      'hooks.jira.ticket: "nowhere" is not among the tickets of this file (none) (overhaul.yaml:6)',
      'hooks.std.playbook.allow[1]: "z" is not among the playbooks of this file (a, b, c) (overhaul.yaml:7)',
    ]);
  });

  test('a playbook runs one thing, and says its approval once', () => {
    const text = [
      'playbooks:',
      '  a: { campaign: { name: x, steps: { remediate: 1 }, waves: [{ name: canary, size: 5 }, { name: rest }] }, approval: { quorum: 2 } }',
      '  b: { run: { script: 1 }, campaign: { name: x, steps: { remediate: 1 } } }',
      '  c: { campaign: { name: x, steps: { remediate: 1 }, approval: {} }, approval: { quorum: 2 } }',
      '  d: { campaign: { name: x, steps: { remediate: 1 }, targets: { assetIds: [1] }, onBreach: rollback } }',
    ].join('\n');
    expect(problemsIn(text)).toEqual([
      'playbooks.b.campaign: has both run and campaign: keep one (overhaul.yaml:3)',
      'playbooks.c.approval: is also set in campaign.approval: keep one (overhaul.yaml:4)',
      'playbooks.d.campaign.targets: unknown key (overhaul.yaml:5)',
      'playbooks.d.campaign.steps.rollback: is required with onBreach: rollback (overhaul.yaml:5)',
    ]);
  });

  test('a hook that names its tickets says when one is approved, unless the system says so itself', () => {
    const text = (hook: string) =>
      [
        'playbooks: { p: { run: { script: 1 } } }',
        'tickets: { snow: { system: servicenow }, jira: { system: jira }, named: { system: standard }, faulty: { system: x } }',
        `hooks: { h: { system: standard, secrets: [{ env: S }], playbook: p, ${hook} } }`,
      ].join('\n');
    expect(problemsIn(text('ticket: jira'))).toContain(
      'hooks.h.approved: is missing: say when a ticket of jira counts as approved, as JMESPath over the ticket as it is read again (overhaul.yaml:3)',
    );
    expect(problemsIn(text('approved: a'))).toContain(
      'hooks.h.approved: is decided over the ticket as read again: add ticket: NAME, an entry of tickets (overhaul.yaml:3)',
    );
    expect(problemsIn(text('ticket: named, read: { url: a }'))).toContain(
      'hooks.h.read: is decided over the ticket as read again: named is of system "standard", which has no API to read from (overhaul.yaml:3)',
    );
    expect(problemsIn(text('ticket: snow').replace('standard, secrets', 'jira, secrets'))).toContain(
      'hooks.h.ticket: snow is of system "servicenow", and this hook of "jira": name an entry of tickets with system: jira (overhaul.yaml:3)',
    );
    const ofHooks = (hook: string) => problemsIn(text(hook)).filter((problem) => problem.startsWith('hooks'));
    for (const right of ['ticket: snow', 'ticket: named', 'ticket: jira, approved: a', 'ticket: faulty, read: { url: a }'])
      expect(ofHooks(right)).toEqual([]);
  });

  test.each(['servicenow', 'jira', 'jira-dc', 'zendesk', 'freshservice', 'pagerduty', 'github'])(
    'a hook of %s without a ticket to read again is refused, and told what to add',
    (system) => {
      const text = `playbooks: { p: { run: { script: 1 } } }\nhooks: { h: { system: ${system}, secrets: [{ env: S }], playbook: p } }`;
      expect(problemsIn(text)).toEqual([expect.stringContaining(`hooks.h.ticket: is missing: an event of ${system} is only a hint`)]);
      const whole = `${text.replace('playbook: p', `playbook: p, ticket: t, approved: a`)}\ntickets: { t: { system: ${system}, url: "https://example.com" } }`;
      expect(problemsIn(whole)).toEqual([]);
    },
  );

  test('names of prototype members are no playbooks', () => {
    const text = 'hooks: { h: { system: standard, secrets: [{ env: S }], playbook: constructor } }';
    expect(problemsIn(text)).toEqual(['hooks.h.playbook: "constructor" is not among the playbooks of this file (none) (overhaul.yaml:1)']);
  });

  test.each([
    [
      'a hook secret',
      'playbooks: { p: { run: { script: 1 } } }\nhooks: { h: { system: standard, secrets: [hunter2hunter2], playbook: p } }',
    ],
    ['a token', 'access: { tokens: [{ name: ci, role: admin, token: hunter2hunter2 }] }'],
    ['a password in a URL', 'tickets: { t: { system: jira, url: "https://bob:hunter2hunter2@example.com" } }'],
    ['a broken line', 'policy: "hunter2hunter2" "hunter2hunter2"'],
  ])('%s written out is refused, and not repeated in the message', (_name, text) => {
    const problems = problemsIn(text);
    expect(problems).toHaveLength(1);
    expect(problems.join()).not.toContain('hunter2');
  });

  test('a syntax error names its line', () => {
    expect(problemsIn('policy:\n  caps: { callsPerHour: 3\n')).toEqual([
      expect.stringMatching(/^: overhaul\.yaml:\d+ is not valid YAML: /),
    ]);
  });

  test('a problem names the line of its key, not that of what the key holds', () => {
    const text = ['polcy:', '  caps: {}', 'policy:', '  neverTuch:', '    tags: []', '  caps:', '    - 1'].join('\n');
    expect(problemsIn(text)).toEqual([
      'policy.caps: must be an object, not a list (its keys: callsPerHour, executionsPerDay, concurrency) (overhaul.yaml:6)',
      'policy.neverTuch: unknown key; did you mean neverTouch? (overhaul.yaml:4)',
      'polcy: unknown key; did you mean policy? (overhaul.yaml:1)',
    ]);
  });

  test('a tab is told by itself, without what it does to the other lines', () => {
    expect(problemsIn('policy:\n\tcaps: {}\n  executeInterval: 1m\n')).toEqual([
      ': overhaul.yaml:2 is not valid YAML: Tabs are not allowed as indentation',
    ]);
  });

  test.each(['127.0.0.0', '127.0.0.0/33', 'localhost/8', 'fd00::/129'])('%s is no address range', (range) => {
    expect(problemsIn(`network: { allow: ["${range}"] }`)).toEqual([
      'network.allow[0]: must be an address range such as "127.0.0.0/8" (overhaul.yaml:1)',
    ]);
  });
});

describe('finding the file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'overhaul-config-'));

  test('OVERHAUL_CONFIG names it', () => {
    const file = join(folder, 'named.yaml');
    writeFileSync(file, 'policy: { caps: { concurrency: 7 } }');
    const parsed = loadConfigFile(undefined, { OVERHAUL_CONFIG: file });
    expect(parsed.ok && parsed.value.policy.caps.concurrency).toBe(7);
  });

  test('a named file that is missing is a problem', () => {
    const file = join(folder, 'missing.yaml');
    expect(loadConfigFile(undefined, { OVERHAUL_CONFIG: file })).toEqual({
      ok: false,
      problems: [
        { path: '', problem: `cannot read configuration file ${file} (ENOENT): check OVERHAUL_CONFIG and the file's permissions` },
      ],
    });
  });
});
