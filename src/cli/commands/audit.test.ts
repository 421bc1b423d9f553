import { copyFile, rm, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { overhaul } from '../../../test/support/command-line.js';
import { overwrite } from '../../../test/support/ledger/damage.js';
import { emptyLedger, type SampleLedger } from '../../../test/support/ledger/sample.js';
import { newAuditKey } from '../../ledger/audit/checkpoint.js';
import { auditFilesOf } from '../../ledger/audit/files.js';
import { keepCheckpoints } from '../../ledger/audit/keeper.js';
import { sqlitePath } from '../../ledger/index.js';

let sample: SampleLedger;
let path: string;

beforeAll(async () => {
  sample = await emptyLedger();
  path = sqlitePath(sample.env.OVERHAUL_DATABASE_URL);
});
afterAll(() => sample.ledger.close());

const verify = (...words: string[]) => overhaul(['audit', 'verify', ...words], { env: sample.env });

describe('overhaul audit verify', () => {
  test('needs a key, and makes none', async () => {
    const { exitCode, stderr } = await verify();
    expect([exitCode, stderr]).toEqual([
      2,
      `No audit key: there is none at ${path}.audit-key, where a worker makes one. Give --public-key or OVERHAUL_AUDIT_KEY.\n`,
    ]);
    const wrong = await verify('--public-key', '/nowhere/key.pem');
    expect([wrong.exitCode, wrong.stderr]).toEqual([2, 'the audit key /nowhere/key.pem cannot be read (ENOENT)\n']);
  });

  test('exits 0 where the log is whole, and 1 with the first entry that is not', async () => {
    const { audit } = sample.ledger;
    for (const action of ['halt', 'unhalt', 'halt']) await audit.add(undefined, { action, actor: 'ada' });
    const logger = { info: () => undefined, error: () => undefined };
    await keepCheckpoints({ ledger: async () => sample.ledger, path, key: undefined, logger })();
    await audit.add(undefined, { action: 'unhalt', actor: 'ada' });
    const whole = await verify();
    expect(whole.exitCode).toBe(0);
    expect(whole.stdout).toMatch(
      /is whole: 4 entries, signed up to entry 3 at 20[^\n]* UTC\.\n1 entries? .*newer than the last checkpoint/,
    );

    await overwrite(sample.ledger, 'audit', { id: 2 }, { actor: 'kim' });
    const changed = await verify();
    expect([changed.exitCode, changed.stdout]).toEqual([
      1,
      `The audit log of ${path} is not whole: entry 2 (unhalt) is not what was written behind entry 1: one of them was changed, put in or moved.\n`,
    ]);
    const { exitCode, stdout } = await verify('--json');
    expect([exitCode, JSON.parse(stdout)]).toEqual([
      1,
      expect.objectContaining({ whole: false, entries: 4, signedTo: 3, broken: { entry: 2, why: expect.any(String) } }),
    ]);
    await overwrite(sample.ledger, 'audit', { id: 2 }, { actor: 'ada' });
    expect((await verify()).exitCode).toBe(0);
  });

  test('goes by checkpoints and keys that are kept elsewhere', async () => {
    const { checkpoints } = auditFilesOf(path);
    const kept = `${checkpoints}.kept`;
    await copyFile(checkpoints, kept);
    await rm(checkpoints);
    expect((await verify()).stdout).toContain('there is no signed checkpoint');
    expect((await verify('--checkpoints', kept)).exitCode).toBe(0);
    expect((await verify('--checkpoints', checkpoints)).exitCode).toBe(2);
    await writeFile(`${kept}.pem`, newAuditKey());
    expect((await verify('--checkpoints', kept, '--public-key', `${kept}.pem`)).stdout).toContain('which was not given (--public-key)');
    const both = await verify('--checkpoints', kept, '--public-key', `${kept}.pem`, auditFilesOf(path).key);
    expect(both.exitCode).toBe(0);
  });
});
