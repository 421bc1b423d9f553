import { appendFile, chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { remove } from '../../../test/support/ledger/damage.js';
import { Secret } from '../../contracts/config/secret.js';
import { type Ledger, openLedger } from '../index.js';
import { keyId, newAuditKey, parseCheckpoints } from './checkpoint.js';
import { auditFilesOf, auditKeyOf } from './files.js';
import { keepCheckpoints } from './keeper.js';
import { verifyAudit } from './verify.js';

let folder: string;
let path: string;
let ledger: Ledger;
let logged: { level: string; fields: Record<string, unknown>; text: string }[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'audit-'));
  path = join(folder, 'ledger.db');
  ledger = await openLedger({ url: `sqlite:${path}`, create: true, caps: { callsPerHour: 1, concurrency: 1 } });
  logged = [];
});
afterEach(async () => {
  await ledger.close();
  await rm(folder, { recursive: true });
});

const logger = {
  info: (fields: object, text: string) => logged.push({ level: 'info', fields: { ...fields }, text }),
  error: (fields: object, text: string) => logged.push({ level: 'error', fields: { ...fields }, text }),
};

/** Begins and ends, which signs what there is. */
const signOnce = (key?: Secret): Promise<void> => keepCheckpoints({ ledger: async () => ledger, path, key, logger, everyMs: 60_000 })();

const lines = async () => parseCheckpoints(await readFile(auditFilesOf(path).checkpoints, 'utf8'));
const verdict = async () => verifyAudit(ledger.database, ledger.id, { ...(await lines()), keys: [auditKeyOf(undefined, path)] });

describe('checkpoints of the audit log', () => {
  test('are signed once for each end of the log, by a key that only the owner can read', async () => {
    await ledger.audit.add(undefined, { action: 'halt' });
    await signOnce();
    await signOnce();
    await ledger.audit.add(undefined, { action: 'unhalt' });
    await signOnce();
    expect((await lines()).checkpoints.map(({ entry }) => entry)).toEqual([1, 2]);
    for (const file of Object.values(auditFilesOf(path))) expect((await stat(file)).mode & 0o077).toBe(0);
    expect(await verdict()).toMatchObject({ entries: 2, checkpoints: 2, signedTo: 2 });
    expect(logged.map(({ text, fields }) => [text, (fields.checkpoint as { entry: number }).entry])).toEqual([
      ['the audit log is signed', 1],
      ['the audit log is signed', 2],
    ]);
  });

  test('show that entries were taken off the end, also when others have been added since', async () => {
    for (const action of ['halt', 'unhalt', 'halt']) await ledger.audit.add(undefined, { action });
    await signOnce();
    for (const id of [2, 3]) await remove(ledger, 'audit', { id });
    expect((await verdict()).broken).toEqual({ entry: 2, why: expect.stringContaining('entries 2 to 3 are missing at the end') });
    await ledger.audit.add(undefined, { action: 'unhalt' });
    await ledger.audit.add(undefined, { action: 'unhalt' });
    await signOnce();
    expect((await verdict()).broken).toMatchObject({ entry: 3, why: expect.stringContaining('not the one that was signed') });
  });

  test('are signed by OVERHAUL_AUDIT_KEY where it is set, as it is at that time', async () => {
    const file = join(folder, 'key.pem');
    const keys = [newAuditKey(), newAuditKey()];
    await writeFile(file, keys[0] as string);
    const secret = Secret.ofFile('OVERHAUL_AUDIT_KEY_FILE', file);
    await signOnce(secret);
    await rm(file);
    await writeFile(file, `${keys[1]}\n`);
    await ledger.audit.add(undefined, { action: 'halt' });
    await signOnce(secret);
    const ids = keys.map((pem) => keyId(auditKeyOf(Secret.ofText('K', pem.replaceAll('\n', '\\n')), path)));
    expect((await lines()).checkpoints.map(({ key }) => key)).toEqual(ids);
    await expect(stat(auditFilesOf(path).key)).rejects.toThrow('ENOENT');
  });

  test('survive a line that a power cut has torn', async () => {
    await signOnce();
    await appendFile(auditFilesOf(path).checkpoints, '{"ledger":"x","ent');
    expect((await lines()).malformed).toEqual([]);
    await ledger.audit.add(undefined, { action: 'halt' });
    await signOnce();
    expect(await lines()).toMatchObject({ checkpoints: [{ entry: 0 }, { entry: 1 }], malformed: [] });
  });

  test('are not signed with a key that others can read, and the log says so once', async () => {
    await signOnce();
    await chmod(auditFilesOf(path).key, 0o640);
    await ledger.audit.add(undefined, { action: 'halt' });
    const stop = keepCheckpoints({ ledger: async () => ledger, path, key: undefined, logger, everyMs: 1 });
    await stop();
    expect(logged.filter(({ level }) => level === 'error').map(({ fields }) => fields.why)).toEqual([
      `the audit key ${auditFilesOf(path).key} can be read by others: chmod 600`,
    ]);
    expect((await lines()).checkpoints).toHaveLength(1);
  });
});
