import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { connectClient, connectClientLazily, connectWorker } from './connection.js';

/** Port 1 is reserved, so nothing of a developer's machine answers on it. */
const NOBODY = { TEMPORAL_ADDRESS: '127.0.0.1:1', TEMPORAL_NAMESPACE: 'patching', TEMPORAL_CONFIG_FILE: '/nowhere/temporal.toml' };

describe('the connection to Temporal', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'overhaul-temporal-'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  test('says where Temporal was searched for when it does not answer', async () => {
    const refused = /^Temporal cannot be reached at 127\.0\.0\.1:1 \(namespace patching\): .+ Start it there, or set TEMPORAL_ADDRESS/;
    await expect(connectClient(NOBODY, { timeoutMs: 300 })).rejects.toThrow(refused);
    await expect(connectWorker(NOBODY)).rejects.toThrow(refused);
  });

  test('takes address and namespace from a profile, and the variables before it', async () => {
    const file = join(directory, 'temporal.toml');
    writeFileSync(file, '[profile.stage]\naddress = "stage:7233"\nnamespace = "ops"\n');
    const env = { TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: 'stage' };
    const fromProfile = connectClientLazily(env);
    const fromVariable = connectClientLazily({ ...env, TEMPORAL_NAMESPACE: 'default' });
    expect(fromProfile).toMatchObject({ address: 'stage:7233', namespace: 'ops', client: { options: { namespace: 'ops' } } });
    expect(fromVariable).toMatchObject({ address: 'stage:7233', namespace: 'default' });
    await Promise.all([fromProfile.connection.close(), fromVariable.connection.close()]);
  });

  test('has the defaults of the `temporal` command line', async () => {
    const lazy = connectClientLazily({ TEMPORAL_CONFIG_FILE: join(directory, 'empty.toml') });
    expect(lazy).toMatchObject({ address: 'localhost:7233', namespace: 'default' });
    await lazy.connection.close();
  });

  test('takes an empty variable as none', async () => {
    const empty = Object.fromEntries(
      ['ADDRESS', 'NAMESPACE', 'CONFIG_FILE', 'PROFILE', 'API_KEY', 'TLS', 'TLS_CLIENT_CERT_PATH'].map((name) => [`TEMPORAL_${name}`, ' ']),
    );
    const lazy = connectClientLazily({ ...empty, TEMPORAL_CONFIG_FILE: '', HOME: directory });
    expect(lazy).toMatchObject({ address: 'localhost:7233', namespace: 'default' });
    await lazy.connection.close();
  });

  test('reads the API key from a file', async () => {
    const file = join(directory, 'api-key');
    writeFileSync(file, 'key-1\n');
    const lazy = connectClientLazily({ ...NOBODY, TEMPORAL_API_KEY_FILE: file });
    expect(lazy.connection.options).toHaveProperty('apiKey', 'key-1');
    await lazy.connection.close();
  });

  test('names the variable when the API key cannot be had, and a profile that does not exist', async () => {
    await expect(connectClient({ ...NOBODY, TEMPORAL_API_KEY: 'a', TEMPORAL_API_KEY_FILE: 'b' })).rejects.toThrow(
      'The Temporal configuration is invalid: TEMPORAL_API_KEY is set twice, as TEMPORAL_API_KEY and as TEMPORAL_API_KEY_FILE: keep one',
    );
    await expect(connectClient({ ...NOBODY, TEMPORAL_PROFILE: 'absent' })).rejects.toThrow(
      /^The Temporal configuration is invalid: .*absent/,
    );
  });
});
