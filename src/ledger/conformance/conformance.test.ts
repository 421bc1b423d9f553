import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';

const ROOT = join(import.meta.dirname, '../../..');
/** What no kind of ledger runs: the way in, and the ledgers that are broken. */
const NO_SUITES = ['ledgers.ts', 'sabotaged.ts'];

interface Result {
  testResults: { assertionResults: { fullName: string; status: string }[] }[];
}

/** The tests that failed over ledgers that are broken on purpose, and how many ran, by the kind of ledger. */
async function playSabotage(): Promise<Map<string, { failed: string[]; ran: number }>> {
  const folder = await mkdtemp(join(tmpdir(), 'sabotaged-'));
  const [config, found] = [join(folder, 'jest.config.json'), join(folder, 'found.json')];
  const { globalSetup: _none, globalTeardown: _neither, ...ours } = JSON.parse(await readFile(join(ROOT, 'jest.config.json'), 'utf8'));
  const paths = { rootDir: ROOT, roots: ['<rootDir>/src/ledger/conformance'], testMatch: ['**/sabotaged.ts'] };
  await writeFile(config, JSON.stringify({ ...ours, ...paths }));
  const child = spawn(
    process.execPath,
    [
      ...['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', join(ROOT, 'node_modules/jest/bin/jest.js')],
      ...['--config', config, '--json', '--outputFile', found, '--runInBand', '--silent'],
    ],
    { cwd: ROOT, stdio: 'ignore' },
  );
  await once(child, 'exit');
  const { testResults } = JSON.parse(await readFile(found, 'utf8')) as Result;
  await rm(folder, { recursive: true });
  const byKind = new Map<string, { failed: string[]; ran: number }>();
  for (const { fullName, status } of testResults.flatMap(({ assertionResults }) => assertionResults)) {
    const [kind = '', ...title] = fullName.split(', ');
    const seen = byKind.get(kind) ?? { failed: [], ran: 0 };
    byKind.set(kind, { failed: status === 'failed' ? [...seen.failed, title.join(', ')] : seen.failed, ran: seen.ran + 1 });
  }
  return byKind;
}

describe('the suite', () => {
  test('fails over every ledger that is broken on purpose, and over none that is whole', async () => {
    const { whole, ...sabotaged } = Object.fromEntries(await playSabotage());
    expect(whole?.failed).toEqual([]);
    expect(whole?.ran).toBeGreaterThan(100);
    const expected: Record<string, string> = {
      'the lease is not unique': 'leaves out what is leased to another run',
      'a permit is granted twice': 'gives no second permit for what was permitted before it was closed',
      'the kill switch is overlooked': 'refuses every permit of the ledger until it is lifted',
      'calls are forgotten': 'is a sliding hour',
      'a frozen cohort takes in more': 'takes nothing in and lets nothing go once it is frozen',
    };
    expect(Object.keys(sabotaged).sort()).toEqual(
      Object.keys(expected)
        .map((name) => `sabotaged: ${name}`)
        .sort(),
    );
    for (const [name, title] of Object.entries(expected))
      expect(sabotaged[`sabotaged: ${name}`]?.failed).toContainEqual(expect.stringContaining(title));
  }, 300_000);

  test('is run as a whole over SQLite: none of its files is left out', async () => {
    const files = (await readdir(import.meta.dirname, { recursive: true })).filter((file) => /(?<!\.test)\.ts$/.test(file));
    const folder = join(import.meta.dirname, '../sqlite/conformance');
    const callers = await Promise.all((await readdir(folder)).map((file) => readFile(join(folder, file), 'utf8')));
    const suites = files.filter((file) => !NO_SUITES.includes(file));
    expect(suites.length).toBeGreaterThan(20);
    const called = (file: string) => callers.some((text) => text.includes(`'../../conformance/${file.replace(/\.ts$/, '.js')}'`));
    expect(suites.filter((file) => !called(file))).toEqual([]);
  });
});
