import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from '@jest/globals';
import { loadConfigFile } from '../../src/contracts/config/file.js';
import { overhaulProcess } from './programs.js';
// @ts-expect-error a plain script without types
import { clearProxies, clearSurroundings } from './surroundings.mjs';

const OF_A_PERSON = {
  OVERHAUL_DATABASE_URL: 'sqlite:/home/ann/ledger.db',
  OVERHAUL_CONFIG: '/home/ann/overhaul.yaml',
  QUALYS_URL: 'https://gateway.example',
  QUALYS_PASSWORD_FILE: '/home/ann/password',
  TEMPORAL_ADDRESS: 'temporal.example:7233',
  TEMPORAL_PROFILE: 'production',
  XDG_CONFIG_HOME: '/home/ann/.config',
  NO_COLOR: '1',
  COLOR: '1',
  FORCE_COLOR: '1',
  TZ: 'Pacific/Chatham',
  LANG: 'de_DE.UTF-8',
  LC_ALL: 'tr_TR.UTF-8',
  NODE_OPTIONS: '--throw-deprecation',
};

test("a person's settings, language, time zone and colours are cleared, and what programs need stays", () => {
  const env = { ...OF_A_PERSON, PATH: '/usr/bin', HOME: '/home/ann', HTTPS_PROXY: 'http://proxy.example', no_proxy: '*' };
  clearSurroundings(env);
  expect(env).toEqual({
    PATH: '/usr/bin',
    HOME: '/home/ann',
    HTTPS_PROXY: 'http://proxy.example',
    no_proxy: '*',
    TZ: 'UTC',
    LANG: 'C.UTF-8',
  });
  clearProxies(env);
  expect(env).toEqual({ PATH: '/usr/bin', HOME: '/home/ann', TZ: 'UTC', LANG: 'C.UTF-8' });
});

test('this file sees none of them, in its own world or in what it starts', async () => {
  // What npm hands to its scripts about itself is npm's: a test that packs needs its registry.
  const names = Object.keys(process.env).filter((name) => /^(?!npm_)((OVERHAUL|QUALYS|TEMPORAL|LC)_|.*(COLOR|PROXY$))/i.test(name));
  expect(names).toEqual([]);
  expect([process.env['TZ'], new Date(0).getTimezoneOffset(), new Date(1.8e12).getTimezoneOffset()]).toEqual(['UTC', 0, 0]);
  expect(loadConfigFile(undefined, process.env)).toMatchObject({ ok: true });
  expect(await readdir('.')).toEqual([]);
  const { stdout } = await overhaulProcess(['doctor', '--json']);
  expect(JSON.stringify(JSON.parse(stdout))).toContain('QUALYS_URL');
}, 60_000);

test('a whole run that a person with settings of their own starts passes as without', async () => {
  const clone = join(import.meta.dirname, '../..');
  const jest = ['--experimental-vm-modules', join(clone, 'node_modules/jest/bin/jest.js')];
  const child = spawn(process.execPath, [...jest, '-i', '--testNamePattern', 'this file sees none', import.meta.filename], {
    cwd: clone,
    env: { ...process.env, ...OF_A_PERSON, NODE_OPTIONS: '' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  const [code] = await once(child, 'close');
  expect([code, stripVTControlCharacters(said)]).toEqual([0, expect.stringContaining('1 passed')]);
}, 60_000);
