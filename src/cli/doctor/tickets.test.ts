import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type Simulator, startSimulator } from '../../simulator/index.js';
import type { Check } from './checks.js';
import { ticketChecks } from './tickets.js';

let simulator: Simulator;
beforeEach(async () => {
  simulator = await startSimulator({ assets: 1, tickets: true });
});
afterEach(() => simulator.close());

async function checksOf(entry: string, env: Record<string, string>, network = 'network: { allow: ["127.0.0.0/8"] }'): Promise<Check[]> {
  const file = join(mkdtempSync(join(tmpdir(), 'doctor-')), 'overhaul.yaml');
  writeFileSync(file, `tickets: { snow: ${entry} }\n${network}\n`);
  const checks: Check[] = [];
  for await (const check of ticketChecks({ ...env, OVERHAUL_CONFIG: file })) checks.push(check);
  return checks;
}

const entry = (url: string) => `{ system: servicenow, url: "${url}", username: { env: U }, password: { env: P } }`;
const GOOD = { U: 'demo', P: 'demo' };

test('a ticket system that takes the credential is fine, and nothing is written into it', async () => {
  const before = JSON.stringify(simulator.state.tickets);
  expect(await checksOf(entry(simulator.url), GOOD)).toEqual([
    { name: 'tickets', state: 'ok', detail: 'snow: servicenow accepts the credential' },
  ]);
  expect(JSON.stringify(simulator.state.tickets)).toBe(before);
});

test('a wrong credential is told with the status, and without it', async () => {
  const [check] = await checksOf(entry(simulator.url), { U: 'demo', P: 'wrong-secret' });
  expect(check).toMatchObject({ state: 'wrong', detail: 'snow: servicenow answered 401' });
  expect(JSON.stringify(check)).not.toContain('wrong-secret');
});

test('a private address that is not allowed is refused, before anything is sent', async () => {
  expect((await checksOf(entry(simulator.url), GOOD, ''))[0]).toMatchObject({
    state: 'wrong',
    detail: expect.stringContaining('is not contacted'),
  });
});

test('one that does not answer is unreachable', async () => {
  const { url } = simulator;
  await simulator.close();
  expect((await checksOf(entry(url), GOOD))[0]).toMatchObject({ state: 'unreachable' });
  simulator = await startSimulator({ assets: 1 });
});

test('a secret that is not on this machine is a note: the worker may have it', async () => {
  expect((await checksOf(entry(simulator.url), { U: 'demo' }))[0]).toMatchObject({ state: 'note', detail: expect.stringContaining('P') });
});
