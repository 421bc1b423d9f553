import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { readSecret, SecretRefSchema } from './secret-ref.js';

describe('a reference to a secret', () => {
  test('names an environment variable', async () => {
    await expect(readSecret({ env: 'TOKEN' }, { TOKEN: ' abc\n' })).resolves.toBe('abc');
  });

  test('names a file, read again at each use', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'overhaul-secret-')), 'secret');
    writeFileSync(file, 'first\n');
    await expect(readSecret({ file }, {})).resolves.toBe('first');
    writeFileSync(file, 'second\n');
    await expect(readSecret({ file }, {})).resolves.toBe('second');
  });

  test.each([
    [{ env: 'TOKEN' }, {}, 'environment variable TOKEN is not set: it must contain the secret'],
    [{ env: 'TOKEN' }, { TOKEN: ' ' }, 'environment variable TOKEN is empty: it must contain the secret'],
    [{ file: '/nowhere/secret' }, {}, 'cannot read file /nowhere/secret (ENOENT): check path and permissions'],
  ])('%j that leads nowhere says so', async (ref, env, message) => {
    await expect(readSecret(ref, env)).rejects.toThrow(message);
  });

  test('is never the secret itself', () => {
    const parsed = SecretRefSchema.safeParse('hunter2');
    expect(parsed.success).toBe(false);
    expect(JSON.stringify(parsed.error?.issues)).not.toContain('hunter2');
  });
});
