// cspell:ignore tilte titel
// A folder of scripts against a simulated subscription.
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { useScriptGateways } from '../../../../test/support/script-gateways.js';
import type { SimulatorOptions } from '../../../simulator/options.js';

const gateways = useScriptGateways();
let folder: string;

beforeEach(() => {
  folder = gateways.folder();
});

async function gateway(options: SimulatorOptions = {}) {
  const { run, simulator } = await gateways.gateway(options);
  const sent = () =>
    simulator.state.calls.filter(({ method, path }) => method === 'POST' && /scripts\/(import|.*clone|.*execute)/.test(path)).length;
  return { run, sent, simulator };
}

const write = async (files: Record<string, string>) => {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), text);
  }
};

const LIBRARY = {
  'scripts.yaml': `
defaults: { severity: 4, timeout: 300 }
scripts:
  - { file: linux/check.sh, title: Check OpenSSL, category: Data Collection, description: Is it patched? }
  - { file: linux/check more.sh, title: Check OpenSSL more }
  - { file: windows/fix.ps1, title: Fix it, type: { id: 4, name: Powershell }, severity: 5 }
  - { file: tool.py, platform: linux }
`,
  'linux/check.sh': 'exit 0\n',
  'linux/check more.sh': 'exit 1\n',
  'windows/fix.ps1': 'exit 3010\r\n',
  'tool.py': 'print(1)\n',
};
const base64 = (text: string) => Buffer.from(text).toString('base64');
const SUMMARY = { new: 0, same: 0, different: 0, 'only-there': 0 };

describe('scripts diff and push', () => {
  test('create what is new with its fields, say the same the second time, and send nothing then', async () => {
    const { run, sent, simulator } = await gateway({ scripts: [{ id: 1, title: 'Theirs' }] });
    await write(LIBRARY);
    const before = await run(['diff', folder]);
    expect(before).toEqual({
      exitCode: 1,
      stdout: [
        'new         Check OpenSSL  (linux/check.sh)',
        'new         Check OpenSSL more  (linux/check more.sh)',
        'new         Fix it  (windows/fix.ps1)',
        'new         tool  (tool.py)',
        'only there  Theirs  script 1, APPROVED',
        '4 new, 0 different, 0 the same, 1 only there',
        '',
      ].join('\n'),
      stderr: '',
    });
    const pushed = await run(['push', folder]);
    expect([pushed.exitCode, pushed.stderr]).toEqual([
      0,
      'Created scripts 16508, 16509, 16510, 16511. Review and approve them at Qualys before use.\n',
    ]);
    gateways.clock.advance(2_000);
    const again = await run(['push', folder]);
    expect(again).toEqual({ exitCode: 0, stdout: '0 new, 0 different, 4 the same, 1 only there\n', stderr: '' });
    expect(JSON.parse((await run(['diff', folder, '--json'])).stdout)).toMatchObject({
      counts: { ...SUMMARY, same: 4, 'only-there': 1 },
      scripts: [{ state: 'same', title: 'Check OpenSSL', scriptId: '16508', status: 'PENDING_REVIEW' }, {}, {}, {}, {}],
    });
    expect(sent()).toBe(1);
    const exported = JSON.parse((await run(['export', '16508', '16510', '16511'])).stdout) as Record<string, unknown>[];
    expect(exported).toMatchObject([
      {
        ...{ title: 'Check OpenSSL', platform: 'LINUX', type: { name: 'Shell' }, category: { name: 'Data Collection' }, severity: 4 },
        ...{ threshold: 300, description: 'Is it patched?', content: base64('exit 0\n'), scriptStatus: 'PENDING_REVIEW' },
      },
      { title: 'Fix it', platform: 'WINDOWS', type: { id: 4, name: 'Powershell' }, severity: 5, content: base64('exit 3010\r\n') },
      { title: 'tool', platform: 'LINUX', type: { name: 'Python' }, content: base64('print(1)\n') },
    ]);
    expect(simulator.state.executions).toEqual([]);
  });

  test('name content and fields that differ, and change nothing there', async () => {
    const { run, sent } = await gateway({ scripts: [] });
    await write(LIBRARY);
    await run(['push', folder]);
    gateways.clock.advance(2_000);
    await write({
      'linux/check.sh': 'exit 2\n',
      'scripts.yaml': LIBRARY['scripts.yaml'].replace('severity: 5', 'severity: 2').replace('Powershell', 'POWERSHELL'),
    });
    const diff = await run(['diff', folder]);
    expect([diff.exitCode, diff.stdout]).toEqual([
      1,
      [
        'different   Check OpenSSL  script 16508: content',
        'different   Fix it  script 16510: severity "5" there, "2" here',
        '0 new, 2 different, 2 the same, 0 only there',
        '',
      ].join('\n'),
    ]);
    const push = await run(['push', folder]);
    expect([push.exitCode, push.stderr]).toEqual([1, 'Not changed: 2 scripts that are different. Edit at Qualys, or use another title.\n']);
    expect(sent()).toBe(1);
  });

  test('compare what Qualys does not export, and titles that several scripts have', async () => {
    const { run } = await gateway({
      scripts: [
        { id: 1, title: 'Fix it', platform: 'WINDOWS', status: 'DEPRECATED', content: 'exit 3010\r\n' },
        { id: 2, title: 'tool', content: 'print(1)\n' },
        { id: 3, title: 'tool', content: 'print(1)\n' },
      ],
    });
    await write({ ...LIBRARY, 'scripts.yaml': 'scripts: [{ file: windows/fix.ps1, title: Fix it }, { file: tool.py, platform: LINUX }]' });
    const { stdout, stderr } = await run(['diff', folder]);
    expect(stdout).toBe('different   tool  script 2: title of scripts 2, 3\n0 new, 1 different, 1 the same, 0 only there\n');
    expect(stderr).toBe('Not in scripts.yaml, so left alone: linux/check more.sh, linux/check.sh\n');
  });

  test('a lost answer is looked for, found, and nothing is sent twice', async () => {
    const { run, sent } = await gateway({ scripts: [], faults: { loseImports: [1] } });
    await write(LIBRARY);
    const pushed = await run(['push', folder]);
    expect(pushed.exitCode).toBe(0);
    expect(pushed.stderr).toContain('The response was lost; title and content match.');
    expect((await run(['push', folder])).exitCode).toBe(0);
    expect(sent()).toBe(1);
  });

  test('a dry run sends nothing, and leaves no file behind', async () => {
    const { run, sent } = await gateway({ scripts: [] });
    await write(LIBRARY);
    expect(await run(['push', folder, '--dry-run'])).toMatchObject({
      ...{ exitCode: 1, stdout: expect.stringContaining('4 new') },
      stderr: 'Dry run: nothing was sent. Without --dry-run, 4 scripts would be created.\n',
    });
    await run(['push', folder]);
    gateways.clock.advance(2_000);
    expect(await run(['push', folder, '--dry-run'])).toMatchObject({
      ...{ exitCode: 0, stderr: 'Dry run: nothing was sent. Without --dry-run, no script would be created.\n' },
    });
    expect((await readdir(tmpdir())).filter((name) => name.startsWith('overhaul-push-'))).toEqual([]);
    expect(sent()).toBe(1);
  });
});

describe('scripts.yaml', () => {
  test.each([
    ['scripts: []', 'scripts: must name at least one script (scripts.yaml:1)'],
    ['scripts:\n  - { file: a.sh, tilte: A }', 'scripts[0].tilte: unknown key; did you mean title? (scripts.yaml:2)'],
    ['default: {}\nscripts: [{ file: a.sh }]', 'default: unknown key; did you mean defaults? (scripts.yaml:1)'],
    [
      'scripts:\n  - { file: a.sh }\n  - { file: b/a.sh }',
      'scripts[1]: has the title of scripts[0], "a": give one of them another title (scripts.yaml:3)',
    ],
    ['scripts: [{ file: ../a.sh }]', 'scripts[0].file: "../a.sh" is not in the folder: write it relative to the folder, without ..'],
    ['scripts: [{ file: /etc/passwd }]', '"/etc/passwd" is not in the folder'],
    ['scripts: [{ file: link.sh }]', 'link.sh leads out of the folder'],
    ['scripts: [{ file: none.sh }]', 'scripts[0].file: none.sh is not there: check its name (scripts.yaml:1)'],
    ['scripts: [{ file: a.py }]', 'a.py has no platform'],
    ['scripts: [{ file: empty.sh }]', 'empty.sh is empty'],
    ['scripts: [', 'scripts.yaml:1 is not valid YAML'],
    ['', 'scripts: must be a list of scripts, such as [{ file: check.sh, title: Check }]'],
  ])('%j is refused: %s', async (text, problem) => {
    await write({ 'scripts.yaml': text, 'a.sh': '1', 'a.py': '1', 'empty.sh': '', 'b/a.sh': '2' });
    await symlink('/etc/hostname', join(folder, 'link.sh'));
    const { run, simulator } = await gateway();
    const ran = await run(['diff', folder]);
    expect([ran.exitCode, ran.stdout, ran.stderr]).toEqual([2, '', expect.stringContaining(problem)]);
    expect(simulator.stats().calls).toBe(0);
  });

  test('has all its problems told at once, those of the files too, each with its line', async () => {
    const { run } = await gateway();
    await write({
      'scripts.yaml': [
        'defaults: { severity: 9 }',
        'scripts:',
        '  - file: a.sh',
        '    titel: A',
        '  - { title: No file }',
        '  - { file: gone.sh }',
        '  - { file: b.sh, timeout: "300" }',
        '  - { file: ../c.sh }',
      ].join('\n'),
      'a.sh': '1',
      'b.sh': '1',
    });
    expect((await run(['push', folder])).stderr.split('\n')).toEqual([
      `${join(folder, 'scripts.yaml')} has 6 problems. Nothing was sent.`,
      '  defaults.severity: must be at most 5 (scripts.yaml:1)',
      '  scripts[0].titel: unknown key; did you mean title? (scripts.yaml:4)',
      '  scripts[1].file: is missing: must be text (scripts.yaml:5)',
      '  scripts[3].timeout: must be a number, not text: write 300 without quotes (scripts.yaml:7)',
      '  scripts[4].file: "../c.sh" is not in the folder: write it relative to the folder, without .. (scripts.yaml:8)',
      '  scripts[2].file: gone.sh is not there: check its name (scripts.yaml:6)',
      '',
    ]);
  });

  test('that is not there is told with an example', async () => {
    const { run } = await gateway();
    expect((await run(['push', folder])).stderr).toContain('it needs a scripts.yaml such as: scripts: [{ file: check.sh');
  });
});
