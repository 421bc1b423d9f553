import { mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { useLedgers } from '../../test/support/ledger/ledger.js';
import { configFileOf, loadConfigFile } from '../contracts/config/file.js';
import { SettledFile } from '../contracts/config/settled-file.js';
import type { Ledger } from '../ledger/index.js';
import { watchPolicy } from './policy-watch.js';

const stops: (() => Promise<void>)[] = [];
// Before the ledgers are closed, which a look would still read.
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});
const ledgers = useLedgers();

const keeping = (...hostnames: string[]) => `policy: { neverTouch: { hostnames: [${hostnames.join(', ')}] } }\n`;

interface Line {
  level: string;
  text: string;
}

/** A worker's watch over a file of its own, or over none. */
async function watched(
  ledger: Ledger,
  text: string | undefined,
  changedAt = new Date(),
  { meanwhile = (_file: string): void => undefined } = {},
) {
  const file = join(mkdtempSync(join(tmpdir(), 'overhaul-policy-')), 'overhaul.yaml');
  if (text !== undefined) writeFileSync(file, text);
  if (text !== undefined) utimesSync(file, changedAt, changedAt);
  const env = { OVERHAUL_CONFIG: file };
  const settled = new SettledFile(configFileOf(env).file);
  const config = text === undefined ? loadConfigFile(undefined, {}) : loadConfigFile(undefined, env);
  if (!config.ok) throw new Error(JSON.stringify(config.problems));
  const lines: Line[] = [];
  const to = (level: string) => (facts: unknown, words?: string) => lines.push({ level, text: `${words} ${JSON.stringify(facts)}` });
  const logger = { info: to('info'), warn: to('warn'), error: to('error') } as never;
  meanwhile(file);
  stops.push(await watchPolicy({ ledger, file: settled, policy: config.value.policy, logger, everyMs: 20 }));
  return { file, lines };
}

async function eventually<T>(look: () => Promise<T>, holds: (seen: T) => boolean): Promise<T> {
  for (let tries = 0; tries < 1_000; tries += 1) {
    const found = await look();
    if (holds(found)) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('It never came to that.');
}

const hostnamesOf = async (ledger: Ledger) => (await ledger.policies.newest())?.policy.neverTouch.hostnames;
const holderOf = async (ledger: Ledger) => (await ledger.policies.holders())[0];

describe('a worker', () => {
  test('takes up a changed file, also one that takes the place of another', async () => {
    const ledger = await ledgers.open();
    const { file } = await watched(ledger, keeping('a'));
    expect(await hostnamesOf(ledger)).toEqual(['a']);
    writeFileSync(file, keeping('a', 'b'));
    await eventually(
      () => hostnamesOf(ledger),
      (names) => names?.join() === 'a,b',
    );
    writeFileSync(`${file}.new`, keeping('c'));
    renameSync(`${file}.new`, file);
    await eventually(
      () => hostnamesOf(ledger),
      (names) => names?.join() === 'c',
    );
    expect(await ledger.policies.newest()).toMatchObject({ version: 3, source: file });
  });

  test.each<[string, (file: string) => void, string]>([
    ['is wrong', (file) => writeFileSync(file, 'policy: { neverTouch: { hosts: [a] } }\n'), 'policy.neverTouch.hosts: unknown key'],
    ['is no YAML', (file) => writeFileSync(file, 'policy: { neverTouch: {\n'), 'is not valid YAML'],
    ['is gone', (file) => rmSync(file), '(ENOENT); it was readable before'],
  ])('changes nothing by a file that %s, says so in its log and to doctor, and goes on when it is fixed', async (_, spoil, why) => {
    const ledger = await ledgers.open();
    const { file, lines } = await watched(ledger, keeping('a'));
    spoil(file);
    const { problem } = (await eventually(
      () => holderOf(ledger),
      (holder) => holder?.problem !== undefined,
    )) as { problem: string };
    expect(problem).toContain(why);
    expect(lines.filter(({ level }) => level === 'error').map(({ text }) => text.includes(why))).toEqual([true]);
    expect(await hostnamesOf(ledger)).toEqual(['a']);
    writeFileSync(file, keeping('b'));
    await eventually(
      () => hostnamesOf(ledger),
      (names) => names?.join() === 'b',
    );
    expect((await holderOf(ledger))?.problem).toBeUndefined();
  });

  test('that starts with an older file leaves the newer policy in force, says so, and is seen to differ', async () => {
    const ledger = await ledgers.open();
    await watched(ledger, keeping('new'));
    const { lines } = await watched(ledger, keeping('old'), new Date(Date.now() - 60_000));
    expect(await hostnamesOf(ledger)).toEqual(['new']);
    expect(lines[0]).toMatchObject({ level: 'error' });
    const newest = await ledger.policies.newest();
    expect((await ledger.policies.holders()).every(({ digest }) => digest === newest?.digest)).toBe(false);
  });

  test('makes its older file hold when that is written again, without another word in it', async () => {
    const ledger = await ledgers.open();
    await watched(ledger, keeping('new'));
    const { file } = await watched(ledger, keeping('old'), new Date(Date.now() - 60_000));
    expect(await hostnamesOf(ledger)).toEqual(['new']);
    utimesSync(file, new Date(), new Date());
    await eventually(
      () => hostnamesOf(ledger),
      (names) => names?.join() === 'old',
    );
  });

  test('takes up a file that was changed while it started', async () => {
    const ledger = await ledgers.open();
    await watched(ledger, keeping('a'), new Date(), { meanwhile: (file) => writeFileSync(file, keeping('b')) });
    await eventually(
      () => hostnamesOf(ledger),
      (names) => names?.join() === 'b',
    );
  });

  test('that has no file does not outweigh one that has', async () => {
    const ledger = await ledgers.open();
    await watched(ledger, keeping('a'), new Date(1_000));
    await watched(ledger, undefined);
    expect(await hostnamesOf(ledger)).toEqual(['a']);
  });

  test('is not there any more when it has stopped', async () => {
    const ledger = await ledgers.open();
    await watched(ledger, keeping('a'));
    expect(await ledger.policies.holders()).toHaveLength(1);
    await stops.pop()?.();
    expect(await ledger.policies.holders()).toEqual([]);
  });
});
