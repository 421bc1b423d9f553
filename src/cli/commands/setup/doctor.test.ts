import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { overhaul } from '../../../../test/support/command-line.js';
import { emptyLedger } from '../../../../test/support/ledger/sample.js';
import { digestOf } from '../../../contracts/config/settled-file.js';
import { startSimulator } from '../../../simulator/index.js';
import type { TemporalRuns } from '../../../temporal/runs/temporal-runs.js';
import type { Check } from '../../doctor/checks.js';
import { nodeCheck } from '../../doctor/local.js';
import { clockCheck } from '../../doctor/remote.js';

/** A Temporal of whose queues the given ones have a worker that asked just now. */
function temporalWith(...polled: string[]): Partial<TemporalRuns> {
  return {
    list: async () => [],
    pollers: async (taskQueue) => new Map(polled.includes(taskQueue) ? [['1@host', Date.now()]] : [['2@gone', Date.now() - 120_000]]),
  };
}

const TEMPORAL = temporalWith();
const open: Server[] = [];

afterEach(() => {
  for (const server of open.splice(0)) server.close();
});

/** A gateway that knows one password. */
async function gateway(): Promise<string> {
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      const isRight = new URLSearchParams(body).get('password') === 'right';
      response.setHeader('date', 'Sat, 22 Aug 2026 10:05:00 GMT');
      response
        .writeHead(isRight ? 201 : 401)
        .end(isRight ? 'aaa.bbb.ccc' : '{"authentication_exceptions":[["InvalidCredentialsException"]]}');
    });
  });
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function checksOf(
  env: Record<string, string>,
  temporal?: Partial<TemporalRuns>,
): Promise<{ exitCode?: number; checks: Check[]; ok: boolean }> {
  const { exitCode, stdout } = await overhaul(['doctor', '--json'], { env, ...(temporal ? { temporal } : {}) });
  return { ...(JSON.parse(stdout) as { checks: Check[]; ok: boolean }), ...(exitCode === undefined ? {} : { exitCode }) };
}

describe('overhaul doctor', () => {
  test('finds nothing wrong where everything is there', async () => {
    const { env, ledger } = await emptyLedger();
    await ledger.close();
    const qualys = { QUALYS_URL: await gateway(), QUALYS_USERNAME: 'demo', QUALYS_PASSWORD: 'right' };
    const workers = temporalWith('overhaul', `overhaul-ledger-${ledger.id.slice(0, 8)}`);
    const { exitCode, checks, ok } = await checksOf({ ...env, ...qualys }, workers);
    expect({ exitCode, ok }).toEqual({ exitCode: 0, ok: true });
    expect(checks.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'Node ok',
      'environment ok',
      'configuration ok',
      'Temporal ok',
      'worker ok',
      'ledger ok',
      'disk ok',
      'Qualys ok',
      'clock note',
    ]);
    expect(checks.at(-1)?.detail).toBe("300 s behind Qualys' clock");
  });

  test('no worker is a note: whoever sets this up starts it afterwards', async () => {
    const { exitCode, checks } = await checksOf({ OVERHAUL_DATABASE_URL: 'sqlite:/nowhere/ledger.db' }, TEMPORAL);
    expect(exitCode).toBe(0);
    expect(checks.find(({ name }) => name === 'worker')).toEqual({
      name: 'worker',
      state: 'note',
      detail: expect.stringMatching(/^no worker polls task queue overhaul; one was last seen 2m 0\ds ago$/),
      fix: 'Start one: node dist/worker.js. Runs wait until then; nothing is lost.',
    });
  });

  test('a worker is shown with when it was last seen; of a queue that never had one Temporal remembers none', async () => {
    const worker = async (pollers: TemporalRuns['pollers']) => {
      const env = { OVERHAUL_DATABASE_URL: 'sqlite:/nowhere/ledger.db' };
      return (await checksOf(env, { list: async () => [], pollers })).checks.find(({ name }) => name === 'worker')?.detail;
    };
    expect(await worker(async () => new Map([['1@host', Date.now() - 30_000]]))).toEqual(
      expect.stringMatching(/^1 worker polls task queue overhaul, last seen 3\ds ago$/),
    );
    expect(await worker(async () => new Map())).toBe('no worker polls task queue overhaul; Temporal remembers none');
  });

  test('a worker with another ledger is wrong: it works for none of the runs here', async () => {
    const { env, ledger } = await emptyLedger();
    await ledger.close();
    const { exitCode, checks } = await checksOf(env, temporalWith('overhaul', 'overhaul-ledger-00000000'));
    expect(exitCode).toBe(2);
    expect(checks.find(({ name }) => name === 'worker')).toMatchObject({
      state: 'wrong',
      detail: '1 worker polls task queue overhaul, but none uses the ledger configured here',
    });
  });

  test('wrong credentials are configuration: exit 2, and the password is nowhere', async () => {
    const qualys = { QUALYS_URL: await gateway(), QUALYS_USERNAME: 'demo', QUALYS_PASSWORD: 'hunter2' };
    const { exitCode, stdout } = await overhaul(['doctor'], { env: qualys, temporal: TEMPORAL });
    expect(exitCode).toBe(2);
    expect(stdout).toMatch(/✗ Qualys +Qualys refused the credentials/);
    expect(stdout).not.toContain('hunter2');
  });

  test('a Temporal that is not there is exit 3, with what to do', async () => {
    const { exitCode, checks } = await checksOf({ OVERHAUL_DATABASE_URL: 'sqlite:/nowhere/ledger.db' });
    expect(exitCode).toBe(3);
    expect(checks.find(({ name }) => name === 'Temporal')).toEqual({
      name: 'Temporal',
      state: 'unreachable',
      detail: 'Temporal cannot be reached at localhost:7233.',
      fix: 'Start Temporal there, or set TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE.',
    });
    expect(checks.find(({ name }) => name === 'ledger')?.state).toBe('note');
  });

  test.each([
    ['goes by the file as it is here', undefined, undefined, 'ok'],
    ['goes by another file', 'feedfeedfeed', undefined, 'wrong'],
    ['has found the file wrong', undefined, 'the changed configuration file has 1 problem', 'wrong'],
  ])('a server that %s', async (_, digest, problem, state) => {
    const { env, ledger } = await emptyLedger();
    await ledger.close();
    const file = join(mkdtempSync(join(tmpdir(), 'overhaul-doctor-')), 'overhaul.yaml');
    writeFileSync(file, 'playbooks: {}\n');
    const health = { digest: digest ?? digestOf('playbooks: {}\n'), readAt: '2026-11-30T10:00:00.000Z', problem };
    const server = createServer((_request, response) => void response.end(JSON.stringify({ status: 'ok', configuration: health })));
    open.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const port = String((server.address() as AddressInfo).port);
    const checked = await checksOf({ ...env, OVERHAUL_CONFIG: file, OVERHAUL_HTTP_PORT: port }, TEMPORAL);
    const found = checked.checks.find(({ name }) => name === 'server');
    expect([found?.state, found?.detail.includes(problem ?? file)]).toEqual([state, true]);
    expect(checked.exitCode).toBe(state === 'ok' ? 0 : 2);
  });

  test('what listens at the port and is no server of ours is not talked about', async () => {
    const url = new URL(await gateway());
    const { checks } = await checksOf({ OVERHAUL_DATABASE_URL: 'sqlite:/nowhere/ledger.db', OVERHAUL_HTTP_PORT: url.port }, TEMPORAL);
    expect(checks.some(({ name }) => name === 'server')).toBe(false);
  });

  test('names every variable that is wrong, and goes on with the rest', async () => {
    const { exitCode, checks } = await checksOf(
      { OVERHAUL_HTTP_PORT: 'x', QUALYS_URL: 'ftp://example.com', OVERHAUL_CONFIG: '/nowhere.yaml' },
      TEMPORAL,
    );
    expect(exitCode).toBe(2);
    expect(checks.filter(({ state }) => state === 'wrong').map(({ detail }) => detail.split(' ')[0])).toEqual([
      'QUALYS_URL',
      'OVERHAUL_HTTP_PORT',
      'cannot',
    ]);
    expect(checks.at(-1)).toMatchObject({ name: 'Temporal', state: 'ok' });
  });
});

test.each([
  ['18.19.0', 'wrong'],
  ['20.19.9', 'wrong'],
  ['20.20.0', 'ok'],
  ['22.1.0', 'ok'],
])('Node %s is %s', (version, state) => {
  expect(nodeCheck(version).state).toBe(state);
});

test('a clock within half a minute of Qualys is fine', () => {
  expect(clockCheck(-12_000)).toEqual({ name: 'clock', state: 'ok', detail: "within 12 s of Qualys' clock" });
  expect(clockCheck(45_000).detail).toBe("45 s ahead of Qualys' clock");
});

test('the clock of a simulator may run faster', async () => {
  const simulator = await startSimulator({ speed: 60, dateSkewMs: 3_600_000 });
  try {
    const { ledger, env } = await emptyLedger();
    await ledger.close();
    const qualys = { QUALYS_URL: simulator.url, QUALYS_USERNAME: 'demo', QUALYS_PASSWORD: 'demo' };
    const { checks } = await checksOf({ ...env, ...qualys }, TEMPORAL);
    expect(checks.at(-1)).toEqual({ name: 'clock', state: 'ok', detail: 'simulator, 60 times as fast' });
  } finally {
    await simulator.close();
  }
});
