import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { loadConfigFile } from '../contracts/config/file.js';
import { digestOf, SettledFile } from '../contracts/config/settled-file.js';
import { watchConfiguration } from './live-configuration.js';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

const ENV = { HOOK_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' };
const playbook = (quorum: number) => `playbooks: { p: { run: { script: 1 }, approval: { quorum: ${quorum} } } }\n`;
const HOOK = 'hooks: { h: { system: standard, secrets: [{ env: HOOK_SECRET }], playbook: p } }\n';

function watched(text: string, { host = '127.0.0.1', everyMs = 20, meanwhile = (_file: string): void => undefined } = {}) {
  const file = join(mkdtempSync(join(tmpdir(), 'overhaul-live-')), 'overhaul.yaml');
  writeFileSync(file, text);
  const env = { ...ENV, OVERHAUL_CONFIG: file };
  const settled = new SettledFile(file);
  const config = loadConfigFile(undefined, env);
  if (!config.ok) throw new Error(JSON.stringify(config.problems));
  const errors: string[] = [];
  const logger = {
    info: () => undefined,
    warn: () => undefined,
    error: (facts: object, words: string) => errors.push(`${words} ${JSON.stringify(facts)}`),
  } as never;
  meanwhile(file);
  const { live, stop } = watchConfiguration({ env, file: settled, config: config.value, host, logger, everyMs });
  stops.push(stop);
  const quorum = () => live.current().playbooks.p?.approval?.quorum;
  return { file, live, quorum, errors };
}

async function eventually(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1_000; tries += 1) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('It never came to that.');
}

describe('the configuration of a running server', () => {
  test('is the changed file, also one that takes the place of another', async () => {
    const { file, live, quorum } = watched(playbook(1));
    const before = live.health().digest;
    writeFileSync(file, playbook(2) + HOOK);
    await eventually(() => quorum() === 2);
    expect(Object.keys(live.current().hooks)).toEqual(['h']);
    expect(live.health()).toEqual({ digest: digestOf(playbook(2) + HOOK), readAt: expect.any(String) });
    expect(live.health().digest).not.toBe(before);
    writeFileSync(`${file}.new`, playbook(3));
    renameSync(`${file}.new`, file);
    await eventually(() => quorum() === 3 && live.settled() !== undefined);
  });

  test('lets nothing start by what held before, from the moment in which the file is changed', async () => {
    const { file, live, quorum } = watched(playbook(1), { everyMs: 3_600_000 });
    expect(live.settled()).toBe(live.current());
    writeFileSync(file, playbook(2));
    expect([live.settled(), quorum()]).toEqual([undefined, 1]);
    writeFileSync(file, playbook(1));
    expect(live.settled()).toBe(live.current());
  });

  test('is also a file that was changed while it started', async () => {
    const { quorum, live } = watched(playbook(1), { meanwhile: (file) => writeFileSync(file, playbook(2)) });
    expect(live.settled()).toBeUndefined();
    await eventually(() => quorum() === 2);
  });

  test.each<[string, (file: string) => void, string]>([
    ['is wrong', (file) => writeFileSync(file, `${playbook(2)}hook: {}\n`), 'hook: unknown key'],
    ['is no YAML', (file) => writeFileSync(file, 'playbooks: { p: {\n'), 'is not valid YAML'],
    ['is gone', (file) => rmSync(file), '(ENOENT); it was readable before'],
    [
      'names a secret that is not there',
      (file) => writeFileSync(file, playbook(2) + HOOK.replace('HOOK_SECRET', 'NOWHERE')),
      'NOWHERE is not set',
    ],
    ['has a hook without its playbook', (file) => writeFileSync(file, HOOK), 'is not among the playbooks'],
  ])('stays whole behind a file that %s, which health and log tell, and goes on when it is fixed', async (_, spoil, why) => {
    const { file, live, quorum, errors } = watched(playbook(1));
    const { digest } = live.health();
    spoil(file);
    await eventually(() => live.health().problem !== undefined);
    expect(live.health()).toMatchObject({
      digest,
      problem: expect.stringMatching(/^the changed configuration file has \d+ problem.*stays in force$/),
    });
    expect(errors).toEqual([expect.stringContaining(why)]);
    // The last good one goes on serving.
    expect(live.settled()).toBe(live.current());
    expect([quorum(), Object.keys(live.current().hooks)]).toEqual([1, []]);
    writeFileSync(file, playbook(4));
    await eventually(() => quorum() === 4);
    expect(live.health().problem).toBeUndefined();
  });

  test('never has the server listen where it must not: access cannot be taken away from one that others reach', async () => {
    const access = 'access: { tokens: [{ name: ci, role: viewer, token: { env: CI } }] }\n';
    const { file, live, quorum } = watched(playbook(1) + access, { host: '0.0.0.0' });
    writeFileSync(file, playbook(2));
    await eventually(() => live.health().problem !== undefined);
    expect([quorum(), live.current().access.tokens?.length]).toEqual([1, 1]);
  });
});
