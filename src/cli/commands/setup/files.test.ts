import { execFile } from 'node:child_process';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { overhaul } from '../../../../test/support/command-line.js';
import { parseConfig } from '../../../contracts/config/file.js';
import { parseYaml } from '../../../contracts/config/yaml-document.js';
import { parsePlan } from '../../../contracts/plan.js';

const run = promisify(execFile);

describe('overhaul init', () => {
  test('writes a configuration with a playbook and a plan, both valid as they stand', async () => {
    const folder = join(await mkdtemp(join(tmpdir(), 'init-')), 'new');
    const ran = await overhaul(['init', folder]);
    expect([ran.exitCode, ran.stdout]).toEqual([0, `Wrote ${join(folder, 'overhaul.yaml')}\nWrote ${join(folder, 'campaign.yaml')}\n`]);
    const config = parseConfig(await readFile(join(folder, 'overhaul.yaml'), 'utf8'));
    expect(config).toMatchObject({ ok: true, value: { playbooks: { 'patch-openssl': {} }, policy: { approval: { aboveAssets: 1_000 } } } });
    const plan = parseYaml(await readFile(join(folder, 'campaign.yaml'), 'utf8'), 'campaign.yaml');
    expect(plan.ok && parsePlan(plan.value.content)).toMatchObject({
      ok: true,
      value: { name: 'openssl', waves: [{ size: 5 }, { size: '10%' }, {}] },
    });
  });

  test('is valid with every line that is commented out, too', async () => {
    const { CONFIGURATION_TEMPLATE, CAMPAIGN_TEMPLATE } = await import('./templates.js');
    const opened = (text: string) => text.replace(/^(\s*)# (?=[a-zA-Z]+:( |$)| {2})/gm, '$1');
    expect(parseConfig(opened(CONFIGURATION_TEMPLATE))).toMatchObject({
      ok: true,
      value: { hooks: { changes: { playbook: 'patch-openssl' } }, policy: { executeIntervalMs: 60_000 } },
    });
    const plan = parseYaml(opened(CAMPAIGN_TEMPLATE), 'campaign.yaml');
    expect(plan.ok && parsePlan(plan.value.content)).toMatchObject({
      ok: true,
      value: { steps: { assess: {}, verify: {} }, windows: [{}] },
    });
  });

  test('never overwrites', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'init-'));
    await writeFile(join(folder, 'overhaul.yaml'), 'playbooks: {}\n');
    const ran = await overhaul(['init', folder]);
    expect([ran.exitCode, ran.stdout]).toEqual([0, `Wrote ${join(folder, 'campaign.yaml')}\n`]);
    expect(ran.stderr).toContain('overhaul.yaml exists already: left as it is.\n');
    expect(await readFile(join(folder, 'overhaul.yaml'), 'utf8')).toBe('playbooks: {}\n');
  });
});

describe('overhaul completion', () => {
  /** What bash offers behind `line`, by the script as it is printed. */
  async function offered(...line: string[]): Promise<string[]> {
    const { stdout: script } = await overhaul(['completion', 'bash']);
    const words = line.map((word) => `'${word}'`).join(' ');
    const asked = `${script}\nCOMP_WORDS=(overhaul ${words}); COMP_CWORD=${line.length}; _overhaul; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout } = await run('bash', ['-c', asked]);
    return stdout.split('\n').filter((word) => word !== '');
  }

  test('of bash knows commands, commands below them, and options', async () => {
    expect(await offered('re')).toEqual(['rehearse', 'report', 'reinterpret', 'reject', 'resume', 'retry']);
    expect(await offered('qualys', 'sch')).toEqual(['schedule']);
    expect(await offered('qualys', 'scripts', 'ex')).toEqual(['export']);
    expect(await offered('run', '--script', '72648', '--ho')).toEqual(['--hosts']);
    expect(await offered('nothing', 'x')).toEqual([]);
  });

  test('of fish and zsh has the same words', async () => {
    const { stdout: fish } = await overhaul(['completion', 'fish']);
    expect(fish).toContain(`complete -c overhaul -n "__overhaul_at 'run'" -l hosts\n`);
    const { stdout: zsh } = await overhaul(['completion', 'zsh']);
    expect(zsh).toContain('bashcompinit');
    expect((await overhaul(['completion', 'tcsh'])).exitCode).toBe(2);
  });
});
