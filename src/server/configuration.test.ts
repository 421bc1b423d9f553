import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { loadServerConfiguration } from './configuration.js';

const folder = mkdtempSync(join(tmpdir(), 'overhaul-configuration-'));

async function problemsWith({ host = '127.0.0.1', config = '', env = {} as Record<string, string> }) {
  const file = join(folder, 'overhaul.yaml');
  writeFileSync(file, config);
  const loaded = await loadServerConfiguration({ HOME: folder, OVERHAUL_CONFIG: file, OVERHAUL_HTTP_HOST: host, ...env });
  if (loaded.ok) await loaded.value.temporal.close();
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
    expect(await problemsWith({ host, config: TOKENS })).toEqual([]);
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

describe("Temporal's client settings", () => {
  test('that cannot be read are a problem', async () => {
    expect(await problemsWith({ env: { TEMPORAL_CONFIG_FILE: folder } })).toEqual([expect.stringMatching(/^TEMPORAL_\*: /)]);
  });
});
