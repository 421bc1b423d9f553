import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { overhaulProcess } from '../../test/support/programs.js';
import { COMMAND_NAMES } from './heads.js';
import { processContext } from './process-context.js';
import { buildProgram } from './program.js';

const NOTE_MODULES = pathToFileURL(join(import.meta.dirname, '../../test/support/note-modules.mjs')).href;
const HEAVY = ['@temporalio/client', '@grpc/grpc-js', 'libsql', 'undici', 'fastify'];

describe('what a command line loads', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'overhaul-loaded-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** Our files, and packages by name. */
  async function loadedBy(...argv: string[]): Promise<{ exitCode: number | undefined; files: string[]; packages: string[] }> {
    const file = join(folder, `${argv.join(' ')}.txt`);
    const { exitCode } = await overhaulProcess(argv, { MODULES_FILE: file, NODE_OPTIONS: `--import=${NOTE_MODULES}` });
    const urls = [...new Set((await readFile(file, 'utf8')).split('\n'))].filter((url) => url.startsWith('file:') && url !== NOTE_MODULES);
    const packages = urls.flatMap((url) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? []);
    const files = urls.flatMap((url) => (url.includes('/node_modules/') ? [] : [/(cli\/.*|cli)\.js$/.exec(url)?.[1] ?? url]));
    return { exitCode, files: files.sort(), packages: [...new Set(packages)].sort() };
  }

  test.each([['--help'], ['--version'], ['lst']])('%s: no command, and no package but commander', async (word) => {
    expect(await loadedBy(word)).toMatchObject({
      files: ['cli', 'cli/heads', 'cli/invocation/context', 'cli/process-context', 'cli/program'],
      packages: ['@commander-js/extra-typings', 'commander'],
    });
  });

  test('the help of a command: that command', async () => {
    const { exitCode, files, packages } = await loadedBy('halt', '--help');
    expect(exitCode).toBe(0);
    expect(files).toContain('cli/commands/halt');
    expect(files).not.toContain('cli/commands/list');
    expect(packages.filter((name) => HEAVY.includes(name))).toEqual([]);
  });

  test('what it then does: that', async () => {
    const { packages } = await loadedBy('list');
    expect(packages).toEqual(expect.arrayContaining(['@temporalio/client', '@grpc/grpc-js']));
  });
});

describe('the list of commands', () => {
  const invocation = { ...processContext(), json: false, exitCode: undefined };

  test('says of a command that is not loaded what it says of itself', async () => {
    const whole = await buildProgram(invocation);
    expect((await buildProgram(invocation, [])).helpInformation()).toBe(whole.helpInformation());
    expect(whole.commands.map((command) => command.name())).toEqual(COMMAND_NAMES);
  });

  test('a command that is called has its options, whatever else the command line says', async () => {
    const program = await buildProgram(invocation, ['--json', 'help', 'list']);
    const options = (name: string) => program.commands.find((command) => command.name() === name)?.options.map(({ long }) => long);
    expect(options('list')).toContain('--since');
    expect(options('run')).toEqual(['--any']);
  });
});
