import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { ledgerOf } from '../../test/support/ledger/inspector.js';
import { assetIds, NO_CAPS, openRun } from '../../test/support/ledger/ledger.js';
import { letTicketWaitsEnd } from '../../test/support/ledger/scenario.js';
import { programArguments } from '../../test/support/programs.js';
import { type Ledger, openLedger } from '../ledger/index.js';
import { type Simulator, startSimulator } from '../simulator/index.js';

/** A process starts at once where the machine is free; it need not be. */
jest.setTimeout(120_000);

let folder: string;
let simulator: Simulator;
let ledger: Ledger;
const workers = new Set<ChildProcess>();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'overhaul-write-back-'));
  simulator = await startSimulator({ assets: 1, tickets: true });
  ledger = await openLedger({ url: `sqlite:${join(folder, 'ledger.db')}`, create: true, caps: NO_CAPS });
  await writeFile(
    join(folder, 'overhaul.yaml'),
    `playbooks: { p: { run: { script: 7 } } }
hooks: { h: { system: servicenow, secrets: [{ env: S }], playbook: p, ticket: t } }
tickets: { t: { system: servicenow, url: "${simulator.url}", username: { env: U }, password: { env: U } } }
network: { allow: ["127.0.0.0/8"] }
`,
  );
});
afterEach(async () => {
  for (const worker of workers) worker.kill('SIGKILL');
  await simulator.close();
  await ledger.close();
  await rm(folder, { recursive: true, force: true });
});

/** The real entry point in a process of its own. Nobody listens at Temporal's address, nor at Qualys': tickets are told all the same. */
async function startWorker(): Promise<ChildProcess> {
  const env = {
    ...{ PATH: process.env.PATH ?? '', HOME: folder, U: 'demo', OVERHAUL_CONFIG: join(folder, 'overhaul.yaml') },
    ...{ OVERHAUL_DATABASE_URL: `sqlite:${join(folder, 'ledger.db')}`, TEMPORAL_ADDRESS: '127.0.0.1:1' },
    ...{ QUALYS_URL: 'http://127.0.0.1:1', QUALYS_USERNAME: 'api', QUALYS_PASSWORD: 'none' },
  };
  const worker = spawn(process.execPath, await programArguments('src/worker.ts'), { env, stdio: 'ignore' });
  workers.add(worker);
  return worker;
}

async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 100));
}

test('a worker that is killed behind its write leaves it to the next, which finds it on the ticket and writes it no second time', async () => {
  await openRun(ledger, 't/CHG0030001/1', assetIds(1), { ticket: { hook: 'h', system: 'servicenow', id: 'CHG0030001' } });
  const [ticket] = simulator.state.tickets;
  const patches = () => simulator.state.desk?.writes.filter(({ method }) => method === 'PATCH').length ?? 0;
  simulator.state.desk?.faults.push({ method: 'PATCH', kind: 'late', ms: 600_000 });
  const first = await startWorker();
  await until(() => ticket?.notes.length === 1);
  first.kill('SIGKILL');
  await once(first, 'close');
  expect(await ledgerOf(ledger).columns('ticketPosts', ['state', 'endedAt'])).toEqual([{ state: 'sent', endedAt: null }]);

  await letTicketWaitsEnd(ledger, { turns: true });
  await startWorker();
  await until(async () => (await ledgerOf(ledger).count('ticketPosts', { endedAt: null })) === 0);
  expect([ticket?.notes.length, patches()]).toEqual([1, 1]);
  expect(ticket?.notes[0]?.value).toContain('overhaul:t/CHG0030001/1 1-running');
});
