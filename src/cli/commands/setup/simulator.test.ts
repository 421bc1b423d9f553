import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { callerWith, signIn } from '../../../../test/support/gateway/caller.js';
import { type SimulatorFlags, serveSimulator, simulatorCommand } from './simulator.js';

function file(name: string, text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'simulator-')), name);
  writeFileSync(path, text);
  return path;
}

async function refusal(flags: SimulatorFlags): Promise<{ code: number; lines: string[] }> {
  const lines: string[] = [];
  const code = await serveSimulator(flags, {
    stop: AbortSignal.abort(),
    out: (line) => lines.push(`out: ${line}`),
    err: (line) => lines.push(line),
  });
  return { code, lines };
}

/** Serves until the body is done; gives the lines of stdout and the exit code. */
async function served(flags: SimulatorFlags, body: (firstLine: string) => Promise<void>): Promise<{ code: number; lines: string[] }> {
  const stop = new AbortController();
  const lines: string[] = [];
  let announce: (line: string) => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const started = new Promise<string>((resolve, reject) => {
    announce = resolve;
    fail = reject;
  });
  const out = (line: string) => {
    lines.push(line);
    announce(line);
  };
  const result = serveSimulator(flags, { stop: stop.signal, out, err: (line) => fail(new Error(line)) });
  try {
    await body(await started);
  } finally {
    stop.abort();
  }
  return { code: await result, lines };
}

test('overhaul simulator on a terminal ends with a line of its own, behind the ^C', async () => {
  const stop = new AbortController();
  const said: string[] = [];
  const code = await serveSimulator(
    { port: 0, assets: 1 },
    { stop: stop.signal, out: () => stop.abort(), err: (line) => said.push(line), isTerminal: true },
  );
  expect([code, said]).toEqual([0, ['\r\x1b[KStopped.']]);
});

describe('overhaul simulator', () => {
  test('prints one line with its address and credentials, serves, and ends with 0', async () => {
    const { code, lines } = await served({ port: 0, assets: 3 }, async (line) => {
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0] ?? '';
      const answer = await callerWith(url, await signIn(url)).post('/sm/v1/assets/search', {});
      expect(answer.json).toMatchObject({ body: { totalCount: 3 } });
    });
    expect(code).toBe(0);
    expect(lines).toEqual([
      expect.stringMatching(/^Qualys simulator on http:\/\/127\.0\.0\.1:\d+, user demo, password demo\. Stop it with Ctrl-C\.$/),
    ]);
  });

  test('prints one JSON document when asked', async () => {
    const { lines } = await served({ port: 0, json: true }, async () => undefined);
    expect(JSON.parse(lines.join('\n'))).toEqual({
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      username: 'demo',
      password: 'demo',
    });
  });

  test('takes its options from a YAML file, and flags win over it', async () => {
    const config = file(
      'simulator.yaml',
      'port: 0\nassets: 5\nusers: [{username: me, password: you}]\nlimits: {perWindow: 9, windowSec: 60}\n',
    );
    await served({ config, assets: 7, limitPerWindow: 2 }, async (line) => {
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0] ?? '';
      const answer = await callerWith(url, await signIn(url, 'me', 'you')).post('/sm/v1/assets/search', {});
      expect(answer.json).toMatchObject({ body: { totalCount: 7 } });
      expect(answer.headers).toMatchObject({ 'x-ratelimit-limit': '2', 'x-ratelimit-window-sec': '60' });
    });
  });

  test('names every problem of its options, and ends with 2', async () => {
    const config = file('simulator.json', '{"host":"0.0.0.0","colour":"red","limits":{"regime":418}}');
    const { code, lines } = await refusal({ config, speed: 0, failRate: 2, assets: Number.NaN });
    expect(code).toBe(2);
    expect(lines[0]).toBe('The simulator cannot start: 6 problems.');
    expect(
      lines
        .slice(1)
        .map((line) => line.trim().split(':')[0])
        .sort(),
    ).toEqual(['assets', 'colour', 'failRate', 'host', 'limits.regime', 'speed']);
    expect(lines).toContain('  host: must be 127.0.0.1: the simulator serves loopback only');
  });

  test('says what is wrong with a file it cannot read', async () => {
    const missing = await refusal({ config: '/nowhere/simulator.yaml' });
    expect(missing).toMatchObject({
      code: 2,
      lines: [expect.any(String), expect.stringContaining('Cannot read /nowhere/simulator.yaml')],
    });
    const broken = await refusal({ config: file('broken.yaml', 'assets: [1') });
    expect(broken).toMatchObject({ code: 2, lines: [expect.any(String), expect.stringContaining('as JSON or YAML')] });
    const wrong = await refusal({ config: file('list.yaml', '[1, 2]') });
    expect(wrong.code).toBe(2);
  });

  test('says that its port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as AddressInfo;
    const { code, lines } = await refusal({ port }).finally(() => other.close());
    expect(code).toBe(2);
    expect(lines[1]).toBe(`  port: port ${port} on 127.0.0.1 is in use; choose another with --port, or 0 for any free one`);
  });

  test('offers its flags under the name simulator', () => {
    const command = simulatorCommand();
    expect(command.name()).toBe('simulator');
    expect(command.options.map(({ long }) => long)).toEqual(
      expect.arrayContaining(['--config', '--port', '--speed', '--seed', '--assets', '--json']),
    );
  });
});
