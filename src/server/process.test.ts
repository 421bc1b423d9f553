import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { programArguments } from '../../test/support/programs.js';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const EVENT = JSON.stringify({ ticket: { id: 'CHG1', generation: 1 }, targets: { assetIds: [1] } });
const CONFIG = `
playbooks: { patch: { run: { script: 72648 } } }
hooks: { std: { system: standard, secrets: [{ env: HOOK_SECRET }], playbook: patch } }
`;
const folder = mkdtempSync(join(tmpdir(), 'overhaul-server-'));
const running = new Set<ChildProcess>();
let program: string[];
/** A process starts at once where the machine is free; it need not be. */
jest.setTimeout(60_000);

beforeAll(async () => {
  program = await programArguments('src/server.ts');
});
afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
});

/** The real entry point in its own process. Nobody listens at Temporal's address. */
function startServer({ config = CONFIG, env = {} as Record<string, string> } = {}) {
  const file = join(folder, `${running.size}-${process.hrtime.bigint()}.yaml`);
  writeFileSync(file, config);
  const child = spawn(process.execPath, program, {
    env: {
      PATH: process.env.PATH ?? '',
      HOME: folder,
      OVERHAUL_CONFIG: file,
      OVERHAUL_HTTP_PORT: '0',
      HOOK_SECRET: SECRET,
      TEMPORAL_ADDRESS: '127.0.0.1:1',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    output.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output.stderr += chunk;
  });
  const exited = once(child, 'close').then(([code]) => {
    running.delete(child);
    return code as number | null;
  });
  const listening = new Promise<string>((resolve, reject) => {
    child.stdout.on('data', () => {
      const address = /listening at (http[^"]+)"/.exec(output.stdout)?.[1];
      if (address) resolve(address);
    });
    void exited.then(() => reject(new Error(`the server ended: ${output.stderr}`)));
  });
  listening.catch(() => undefined);
  return { file, child, output, exited, listening };
}

function call(
  url: string,
  { method = 'GET', headers = {}, body = '' },
): Promise<{ status: number | undefined; retryAfter: string | undefined }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method, headers, agent: false }, (response) => {
      response.resume();
      response.on('end', () => resolve({ status: response.statusCode, retryAfter: response.headers['retry-after'] }));
    });
    request.on('error', reject).end(body);
  });
}

function signedEvent() {
  const at = new Date();
  const headers = {
    'content-type': 'application/json',
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(SECRET).sign('msg_1', at, EVENT),
  };
  return { method: 'POST', headers, body: EVENT };
}

describe('the server process', () => {
  test('starts while Temporal is down, answers 503 until it is there, and stops cleanly with exit code 0', async () => {
    const server = startServer();
    const address = await server.listening;
    expect(await call(`${address}/healthz`, {})).toMatchObject({ status: 200 });
    expect(await call(`${address}/healthz`, { headers: { host: 'evil.example' } })).toMatchObject({ status: 403 });
    expect(await call(`${address}/readyz`, {})).toEqual({ status: 503, retryAfter: '5' });
    expect(await call(`${address}/hooks/std`, signedEvent())).toEqual({ status: 503, retryAfter: '15' });
    server.child.kill('SIGTERM');
    expect(await server.exited).toBe(0);
    expect(server.output.stdout).not.toContain(SECRET);
    expect(server.output.stderr).toBe('');
  });

  test('without hooks, says which file has none', async () => {
    const server = startServer({ config: '{}' });
    await server.listening;
    server.child.kill('SIGTERM');
    expect(await server.exited).toBe(0);
    expect(server.output.stdout).toContain(`no hooks in ${server.file}, so no ticket can start a run`);
  });

  test('SIGTERM lets a request that is under way have its answer', async () => {
    // A Temporal that takes the connection and then says nothing: whoever connects is waiting for it.
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const waiting = once(silent, 'connection');
    const server = startServer({ env: { TEMPORAL_ADDRESS: `127.0.0.1:${(silent.address() as AddressInfo).port}` } });
    const answer = call(`${await server.listening}/hooks/std`, signedEvent());
    await waiting;
    server.child.kill('SIGTERM');
    expect(await answer).toMatchObject({ status: 503 });
    expect(await server.exited).toBe(0);
    silent.close();
  });

  test('every problem of the environment, the file and its secrets is on stderr at once, with exit code 2', async () => {
    const config = CONFIG.replace('HOOK_SECRET', 'NOWHERE');
    const server = startServer({ config, env: { OVERHAUL_HTTP_PORT: 'eighty', OVERHAUL_LOG_LEVEL: 'loud' } });
    expect(await server.exited).toBe(2);
    expect(server.output.stderr.split('\n')).toEqual([
      'The server cannot start: its configuration has 3 problems.',
      expect.stringMatching(/^ {2}OVERHAUL_HTTP_PORT: /),
      expect.stringMatching(/^ {2}OVERHAUL_LOG_LEVEL: /),
      '  hooks.std.secrets[0]: environment variable NOWHERE is not set: it must contain the secret',
      '',
    ]);
  });
});
