import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { loadServerConfiguration } from './configuration.js';

const folder = mkdtempSync(join(tmpdir(), 'overhaul-configuration-'));
const LEDGER = `sqlite:${join(folder, 'ledger.db')}`;

async function problemsWith({ host = '127.0.0.1', config = '', env = {} as Record<string, string> }) {
  const file = join(folder, 'overhaul.yaml');
  writeFileSync(file, config);
  const loaded = await loadServerConfiguration({
    HOME: folder,
    OVERHAUL_CONFIG: file,
    OVERHAUL_HTTP_HOST: host,
    OVERHAUL_DATABASE_URL: LEDGER,
    ...env,
  });
  if (loaded.ok) await Promise.all([loaded.value.temporal.close(), loaded.value.ledger.close()]);
  return loaded.ok ? [] : loaded.problems.map(({ path, problem }) => `${path}: ${problem}`);
}

const TOKENS = 'access: { tokens: [{ name: ci, role: viewer, token: { env: CI } }] }';

describe('the address of the server', () => {
  test.each(['127.0.0.1', '127.1.2.3', '::1', '[::1]', 'localhost', 'LOCALHOST'])('%s may serve without tokens or OIDC', async (host) => {
    expect(await problemsWith({ host })).toEqual([]);
  });

  test.each(['0.0.0.0', '::', '192.0.2.1', '128.0.0.1', 'overhaul.example', 'localhost.example'])('%s may not', async (host) => {
    expect(await problemsWith({ host })).toEqual([
      `OVERHAUL_HTTP_HOST: is ${host}, but without access.tokens or access.oidc the server listens on loopback only: configure access, or use 127.0.0.1`,
    ]);
    expect(await problemsWith({ host, config: TOKENS, env: { CI: 'token' } })).toEqual([]);
    expect(await problemsWith({ host, config: 'access: { tokens: [] }' })).toHaveLength(1);
  });
});

describe('the secrets of hooks', () => {
  const config = `
playbooks: { p: { run: { script: 1 } } }
hooks: { h: { system: standard, secrets: [{ env: A }, { env: B }, { file: /nowhere/secret }], playbook: p } }
`;

  test('must all be usable, and are never repeated', async () => {
    expect(await problemsWith({ config, env: { A: 'hunter2!' } })).toEqual([
      'hooks.h.secrets[0]: environment variable A is not a Standard Webhooks secret: use whsec_… or plain base64',
      'hooks.h.secrets[1]: environment variable B is not set: it must contain the secret',
      'hooks.h.secrets[2]: cannot read file /nowhere/secret (ENOENT): check path and permissions',
    ]);
  });
});

describe('the tokens of access', () => {
  test('must be there, and belong to one name each', async () => {
    const config = `access: { tokens: [
      { name: ci, role: viewer, token: { env: A } }, { name: ci, role: viewer, token: { env: A } },
      { name: ann, role: admin, token: { env: A } }, { name: bob, role: admin, token: { env: B } },
      { name: cid, role: admin, token: { env: C } }] }`;
    expect(await problemsWith({ config, env: { A: 'hunter2!', C: 'two words' } })).toEqual([
      'access.tokens[2].token: is the same token as that of access.tokens[0]: each name needs its own',
      'access.tokens[3].token: environment variable B is not set: it must contain the secret',
      'access.tokens[4].token: environment variable C must contain visible ASCII without blanks: no header can carry it',
    ]);
  });
});

describe('the ledger', () => {
  test('is created where there is none, and one that cannot be used is a problem', async () => {
    const path = join(folder, 'new', 'ledger.db');
    expect(await problemsWith({ env: { OVERHAUL_DATABASE_URL: `sqlite:${path}` } })).toEqual([]);
    expect(existsSync(path)).toBe(true);
    const text = join(folder, 'text.db');
    writeFileSync(text, 'no ledger '.repeat(1_000));
    expect(await problemsWith({ env: { OVERHAUL_DATABASE_URL: `sqlite:${text}` } })).toEqual([
      expect.stringMatching(/^OVERHAUL_DATABASE_URL: Cannot read the ledger at /),
    ]);
  });

  test('is not created by a configuration that is refused', async () => {
    const path = join(folder, 'refused', 'ledger.db');
    expect(await problemsWith({ host: '0.0.0.0', env: { OVERHAUL_DATABASE_URL: `sqlite:${path}` } })).toHaveLength(1);
    expect(existsSync(path)).toBe(false);
  });
});

describe("Temporal's client settings", () => {
  test('that cannot be read are a problem', async () => {
    expect(await problemsWith({ env: { TEMPORAL_CONFIG_FILE: folder } })).toEqual([expect.stringMatching(/^TEMPORAL_\*: /)]);
  });
});
