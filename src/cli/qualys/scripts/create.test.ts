import { readdir, readFile, writeFile } from 'node:fs/promises';
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
  const sent = () => simulator.state.calls.filter(({ path }) => /\/(import|clone)$/.test(path)).length;
  return { run, sent };
}

// Base64 as some tools wrap it, of bytes that are no text.
const WRAPPED = `${Buffer.from(Array.from({ length: 90 }, (_, index) => (index * 37) % 256))
  .toString('base64')
  .replace(/.{76}/g, '$&\r\n')}`;

describe('export | import', () => {
  test('carries scripts from one subscription to another unchanged, base64 intact', async () => {
    const [from, to] = [
      await gateway({ scripts: [{ id: 1, title: 'Umlaut', platform: 'LINUX', content: 'echo "ü"\r\n' }] }),
      await gateway(),
    ];
    const file = join(folder, 'wrapped.json');
    await writeFile(file, JSON.stringify([{ title: 'Wrapped', platform: 'WINDOWS', content: WRAPPED }]));
    await from.run(['import', file]);

    const exported = await from.run(['export', '1', '16508']);
    const imported = await to.run(['import', '-'], { stdin: exported.stdout });
    expect(imported).toEqual({
      exitCode: 0,
      stdout: 'Created scripts 72654, 72655. Review and approve them at Qualys before use.\n',
      stderr: '',
    });
    const again = await to.run(['export', '72654', '72655']);
    const kept = (text: string) =>
      (JSON.parse(text) as Record<string, unknown>[]).map(({ title, platform, content }) => ({ title, platform, content }));
    expect(kept(again.stdout)).toEqual([
      { title: 'Umlaut', platform: 'LINUX', content: Buffer.from('echo "ü"\r\n').toString('base64') },
      { title: 'Wrapped', platform: 'WINDOWS', content: WRAPPED },
    ]);
    expect(kept(again.stdout)).toEqual(kept(exported.stdout));
  });

  test('back into the same subscription finds that everything is there', async () => {
    const { run, sent } = await gateway();
    const exported = await run(['export', '72648']);
    expect(await run(['import', '-'], { stdin: exported.stdout })).toEqual({
      exitCode: 0,
      stdout: 'Already exists. Nothing was sent: "Patch OpenSSL" is script 72648, with the same content\n',
      stderr: '',
    });
    expect(sent()).toBe(0);
  });

  test('leaves no copy of what was piped in', async () => {
    const before = (await readdir(tmpdir())).filter((name) => name.startsWith('overhaul-import-'));
    const { run } = await gateway();
    await run(['import', '-'], { stdin: '[{"title":"A","content":"YQ=="}]' });
    const failed = await run(['import', '-'], { stdin: 'echo secret' });
    expect(failed).toEqual({ exitCode: 2, stdout: '', stderr: 'stdin cannot be read: it is not JSON\n' });
    expect((await readdir(tmpdir())).filter((name) => name.startsWith('overhaul-import-'))).toEqual(before);
  });
});

describe('import', () => {
  test('whose answer is lost is searched for, and found; the same command again sends nothing', async () => {
    const { run, sent } = await gateway({ faults: { loseImports: [1], lostAs: 'status' } });
    const stdin = '[{"title":"A","content":"YQ=="},{"title":"B","content":"Yg=="}]';
    const first = await run(['--json', 'import', '-'], { stdin });
    expect(first.exitCode).toBe(0);
    expect(JSON.parse(first.stdout)).toEqual({ kind: 'created', scriptIds: ['72654', '72655'], foundBy: 'search' });
    expect(first.stderr).toMatch(/^The response was lost \(HTTP 50[24].*\): looking for any of the 2 scripts, such as "A" in 5 s\.\n$/);
    const again = await run(['--json', 'import', '-'], { stdin });
    expect(again.exitCode).toBe(0);
    expect(JSON.parse(again.stdout)).toMatchObject({ kind: 'exists', isAll: true });
    expect(sent()).toBe(1);
  });

  test('of titles that are taken by other scripts creates nothing, and names them', async () => {
    const { run, sent } = await gateway();
    const stdin = '[{"title":"Patch OpenSSL","content":"YQ=="},{"title":"New","content":"Yg=="}]';
    expect(await run(['import', '-'], { stdin })).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: 'Nothing was sent: "Patch OpenSSL" is script 72648, with other content. Nothing was created.\n',
    });
    expect(sent()).toBe(0);
  });

  test('interrupted while it looks says what the same command will do', async () => {
    const { run } = await gateway({ faults: { loseImports: [1] }, indexLagMs: 600_000 });
    const ran = await run(['import', '-'], { stdin: '[{"title":"A","content":"YQ=="}]', onPause: (interrupt) => interrupt() });
    expect(ran.exitCode).toBe(130);
    expect(ran.stderr).toContain('Interrupted. If you repeat the command, it checks what exists before it sends anything.\n');
  });

  test('that the search does not show for hours is asked for by name in the end, and never sent again', async () => {
    const { run, sent } = await gateway({ faults: { loseImports: [1] }, indexLagMs: 3_600_000 });
    const ran = await run(['import', '-'], { stdin: '[{"title":"A","content":"YQ=="}]' });
    expect(ran.stdout).toContain('Created script 72654.');
    expect(ran.stderr.trim().split('\n')).toHaveLength(6);
    expect(sent()).toBe(1);
  });
});

describe('clone', () => {
  test('copies a script by its title, and does so once, lost answer or not', async () => {
    const { run, sent } = await gateway({ faults: { loseClones: [1], lostAs: 'reset' } });
    const first = await run(['clone', 'Patch OpenSSL', '--title', 'Patch OpenSSL 2']);
    expect(first.exitCode).toBe(0);
    expect(first.stdout).toBe(
      'Created script 72654. Review and approve it at Qualys before use. The response was lost; title and content match.\n',
    );
    expect(await run(['clone', 'Patch OpenSSL', '--title', 'Patch OpenSSL 2'])).toMatchObject({
      exitCode: 0,
      stdout: 'Already exists. Nothing was sent: "Patch OpenSSL 2" is script 72654, with the same content\n',
    });
    expect(sent()).toBe(1);
  });

  test('writes its answer to a file', async () => {
    const { run } = await gateway();
    const out = join(folder, 'clone.json');
    await run(['clone', '72648', '--title', 'Copy', '--out', out]);
    expect(JSON.parse(await readFile(out, 'utf8'))).toEqual({ kind: 'created', scriptIds: ['72654'], foundBy: 'answer' });
  });

  test('beyond the quota, of a dead script and of none end with their reasons', async () => {
    const { run } = await gateway({ scriptQuota: 6 });
    expect(await run(['clone', '72648', '--title', 'Copy'])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('script limit is reached'),
    });
    expect(await run(['clone', '72651', '--title', 'Copy'])).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('DEPRECATED') });
    expect(await run(['clone', 'Nothing', '--title', 'Copy'])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('no script titled'),
    });
  });
});
