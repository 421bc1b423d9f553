import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { copyFile, rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { programArguments } from '../../test/support/programs.js';
import { openLedger } from '../ledger/index.js';

const folder = mkdtempSync(join(tmpdir(), 'overhaul-worker-'));
const running = new Set<ChildProcess>();
let program: string[];
/** A process starts at once where the machine is free; it need not be. */
jest.setTimeout(60_000);

beforeAll(async () => {
  program = await programArguments('src/worker.ts');
});
afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
});

/** The real entry point in its own process. Nobody listens at Temporal's address, nor at Qualys'. */
function startWorker(env: Record<string, string>) {
  const ledgerPath = join(folder, `${process.hrtime.bigint()}.db`);
  const child = spawn(process.execPath, program, {
    env: {
      PATH: process.env.PATH ?? '',
      HOME: folder,
      OVERHAUL_DATABASE_URL: `sqlite:${ledgerPath}`,
      TEMPORAL_ADDRESS: '127.0.0.1:1',
      QUALYS_URL: 'http://127.0.0.1:1',
      QUALYS_USERNAME: 'api',
      QUALYS_PASSWORD: 'not-a-real-one',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  const output = { stdout: '', stderr: '' };
  const lost = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk) => {
      output.stdout += chunk;
      if (output.stdout.includes('Temporal cannot be reached')) resolve();
    });
  });
  child.stderr.on('data', (chunk) => {
    output.stderr += chunk;
  });
  const exited = once(child, 'close').then(([code]) => {
    running.delete(child);
    return code as number | null;
  });
  return { child, output, exited, lost, ledgerPath };
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 100));
}

describe('the worker process', () => {
  test('ends, and says why, when another file is put in the place of its ledger', async () => {
    const worker = startWorker({});
    await worker.lost;
    await rename(worker.ledgerPath, `${worker.ledgerPath}.aside`);
    await copyFile(`${worker.ledgerPath}.aside`, worker.ledgerPath);
    expect(await worker.exited).toBe(1);
    expect(worker.output.stdout).toContain('the ledger file was moved or replaced');
  });

  test('tells every problem of variables, Temporal profile and file at once, exits 2, and creates nothing', async () => {
    const config = join(folder, 'wrong.yaml');
    writeFileSync(config, 'policy: { caps: { callsPerHour: 0 } }\n');
    const worker = startWorker({ OVERHAUL_LOG_LEVEL: 'loud', TEMPORAL_PROFILE: 'nowhere', OVERHAUL_CONFIG: config });
    await expect(worker.exited).resolves.toBe(2);
    expect(worker.output.stdout).toBe('');
    expect(worker.output.stderr.split('\n').slice(1, 4)).toEqual([
      '  OVERHAUL_LOG_LEVEL: must be one of fatal, error, warn, info, debug, trace, silent',
      `  policy.caps.callsPerHour: must be more than 0 (${config}:1)`,
      expect.stringMatching(/^ {2}TEMPORAL_\*: .*Profile 'nowhere' not found/),
    ]);
    expect(existsSync(worker.ledgerPath)).toBe(false);
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('ends with 0 on %s also while it searches for Temporal', async (signal) => {
    const worker = startWorker({});
    await worker.lost;
    worker.child.kill(signal);
    await expect(worker.exited).resolves.toBe(0);
    expect(worker.output.stderr).toBe('');
  });

  test('takes up a changed policy within ten seconds, and leaves what held where the file is wrong', async () => {
    const config = join(folder, 'changing.yaml');
    const keeping = (...names: string[]) => `policy: { neverTouch: { hostnames: [${names.join(', ')}] } }\n`;
    writeFileSync(config, keeping('db-1'));
    const worker = startWorker({ OVERHAUL_CONFIG: config });
    await worker.lost;
    const ledger = await openLedger({ url: `sqlite:${worker.ledgerPath}`, create: false, caps: { callsPerHour: 1, concurrency: 1 } });
    const holds = async () => (await ledger.policies.newest())?.policy.neverTouch.hostnames;
    expect(await holds()).toEqual(['db-1']);
    writeFileSync(config, 'policy: { neverTouch: { hosts: [db-2] } }\n');
    await until(async () => (await ledger.policies.holders())[0]?.problem?.includes('policy.neverTouch.hosts: unknown key') === true);
    expect(await holds()).toEqual(['db-1']);
    writeFileSync(config, keeping('db-1', 'db-2'));
    await until(async () => (await holds())?.join() === 'db-1,db-2');
    await until(async () => (await ledger.policies.holders())[0]?.problem === undefined);
    worker.child.kill('SIGTERM');
    await expect(worker.exited).resolves.toBe(0);
    expect(await ledger.policies.holders()).toEqual([]);
    await ledger.close();
  });
});
