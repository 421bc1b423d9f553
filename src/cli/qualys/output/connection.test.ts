// How a command finds Qualys, and what it says when it does not.

import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { overhaul, type Ran } from '../../../../test/support/command-line.js';
import { ledgerOf } from '../../../../test/support/ledger/inspector.js';
import { emptyLedger } from '../../../../test/support/ledger/sample.js';
import { startSimulator } from '../../../simulator/index.js';
import type { SimulatorOptions } from '../../../simulator/options.js';
import type { CommandContext } from '../../invocation/context.js';
import { runCommandLine } from '../../program.js';

const closing: (() => Promise<unknown>)[] = [];
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'qualys-connection-'));
  closing.push(() => rm(folder, { recursive: true }));
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function gateway(options: SimulatorOptions = {}) {
  const simulator = await startSimulator({ assets: 60, ...options });
  closing.push(() => simulator.close());
  return simulator;
}

function environment(url: string): Record<string, string> {
  return {
    QUALYS_URL: url,
    QUALYS_USERNAME: 'demo',
    QUALYS_PASSWORD: 'demo',
    OVERHAUL_DATABASE_URL: `sqlite:${join(folder, 'ledger.db')}`,
  };
}

function qualys(args: readonly string[], env: Record<string, string>): Promise<Ran> {
  return overhaul(['qualys', ...args], { env });
}

describe('without a ledger', () => {
  test('a command creates none', async () => {
    const { url } = await gateway();
    expect(await qualys(['tags'], environment(url))).toMatchObject({ exitCode: 0 });
    expect(await readdir(folder)).toEqual([]);
  });

  test('the configured caps hold within the process', async () => {
    const simulator = await gateway();
    const config = join(folder, 'overhaul.yaml');
    await writeFile(config, 'policy: { caps: { callsPerHour: 3 } }\n');
    const out = join(folder, 'assets.json');
    const ran = await qualys(['assets', '--all', '--page-size', '10', '--out', out], {
      ...environment(simulator.url),
      OVERHAUL_CONFIG: config,
    });
    expect(ran).toMatchObject({ exitCode: 3, stdout: '' });
    expect(ran.stderr).toMatch(
      /the cap of 3 calls per hour is used up\)\. Try again in (1h 00m|59m \d\ds), or allow longer waits with --wait\.\n$/,
    );
    expect(simulator.state.calls.filter(({ path }) => path === '/sm/v1/assets/search')).toHaveLength(3);
    expect(existsSync(out)).toBe(false);
    expect(await readdir(folder)).toEqual(['overhaul.yaml']);
  });
});

describe('with a ledger', () => {
  test('calls go through its gate, which the workers share', async () => {
    const { url } = await gateway();
    const { env, ledger } = await emptyLedger();
    closing.push(() => ledger.close());
    expect(await qualys(['assets', '--limit', '30', '--page-size', '10'], { ...environment(url), ...env })).toMatchObject({ exitCode: 0 });
    expect(await ledgerOf(ledger).tally('calls', ['endpoint'])).toEqual([{ endpoint: 'assets/search', n: 3 }]);
  });

  test('one that cannot be used is a configuration error: nothing is asked past the shared limits', async () => {
    const simulator = await gateway();
    await writeFile(join(folder, 'ledger.db'), 'no database, but long enough to be looked at');
    const ran = await qualys(['tags'], environment(simulator.url));
    expect(ran).toMatchObject({ exitCode: 2, stdout: '' });
    expect(ran.stderr).toContain('Cannot read the ledger at');
    expect(simulator.state.calls).toHaveLength(0);
  });
});

describe('what goes wrong has a code and a way out', () => {
  test('nothing is set: every variable at once, and nothing is contacted', async () => {
    const ran = await qualys(['tags'], {});
    expect(ran.exitCode).toBe(2);
    expect(ran.stderr).toMatch(/3 problems:\n {2}QUALYS_URL: .*\n {2}QUALYS_USERNAME: .*\n {2}QUALYS_PASSWORD: /);
  });

  test('nobody listens: 3, naming the address', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await new Promise((resolve) => server.close(resolve));
    const ran = await qualys(['tags'], environment(url));
    expect(ran).toMatchObject({ exitCode: 3, stdout: '' });
    expect(ran.stderr).toBe(
      `Qualys /auth: Could not connect (ECONNREFUSED). Check QUALYS_URL (${url}), the network and HTTPS_PROXY, or try again later.\n`,
    );
  });

  test('a page larger than the API knows: 2', async () => {
    const { url } = await gateway();
    expect(await qualys(['assets', '--page-size', '20000'], environment(url))).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: 'assets/search: a page size must be a whole number from 1 to 9999, not 20000\n',
    });
  });

  test('another service at the address, or a gateway in trouble, is unreachable, and the address is shown', async () => {
    const answers = { status: 404 };
    const server = createServer((_, response) => response.writeHead(answers.status, { 'content-type': 'text/html' }).end('<h1>no</h1>'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => new Promise((resolve) => server.close(resolve)));
    const env = environment(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    expect(await qualys(['tags'], env)).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('QUALYS_URL') });
    answers.status = 503;
    expect((await qualys(['tags'], env)).exitCode).toBe(3);
  });

  test('a wrong password: 2, with a warning, and without the password', async () => {
    const { url } = await gateway();
    const ran = await qualys(['tags'], { ...environment(url), QUALYS_PASSWORD: 'not-the-word' });
    expect(ran).toMatchObject({ exitCode: 2, stdout: '' });
    expect(ran.stderr).toContain('Repeated wrong passwords lock the account.');
    expect(ran.stderr).not.toContain('not-the-word');
  });

  test('a limit that takes longer than --wait: 3, telling when to come back', async () => {
    const { url } = await gateway({ limits: { perWindow: 2 } });
    const ran = await qualys(['assets', '--all', '--page-size', '10', '--jsonl', '--wait', '1s'], environment(url));
    expect(ran.exitCode).toBe(3);
    expect(ran.stdout.split('\n').length - 1).toBeLessThanOrEqual(20);
    expect(ran.stderr).toMatch(/Try again in (1h 00m|59m \d\ds), or allow longer waits with --wait\./);
  });

  test('a limit within --wait is waited for, and the operator told', async () => {
    const { url } = await gateway({ limits: { perWindow: 2, windowSec: 3 } });
    const ran = await qualys(['assets', '--limit', '30', '--page-size', '10', '--jsonl'], environment(url));
    expect(ran).toMatchObject({ exitCode: 0 });
    expect(ran.stdout.trimEnd().split('\n')).toHaveLength(30);
    expect(ran.stderr).toMatch(/^Waiting \ds: Qualys reported no calls left in its window\n/);
  });

  test('Ctrl-C ends a walk with 130 and leaves no file', async () => {
    const { url } = await gateway({ latencyMs: 30 });
    const listeners = new Set<() => void>();
    const stderr: string[] = [];
    const output = { isTerminal: false, columns: () => undefined };
    const context: CommandContext = {
      env: environment(url),
      stdout: { ...output, write: async () => undefined },
      stderr: { ...output, write: async (chunk) => void stderr.push(String(chunk)) },
      async *stdin() {},
      now: Date.now,
      pause: async () => undefined,
      userName: 'kim',
      onInterrupt(listener) {
        listeners.add(listener);
        setTimeout(listener, 100);
        return () => void listeners.delete(listener);
      },
      connectTemporal: () => Promise.reject(new Error('not asked for')),
    };
    const out = join(folder, 'assets.jsonl');
    expect(await runCommandLine(['qualys', 'assets', '--all', '--page-size', '1', '--out', out], context)).toBe(130);
    expect(stderr.join('')).toBe('Interrupted.\n');
    expect(await readdir(folder)).toEqual([]);
    expect(listeners.size).toBe(0);
  });
});
