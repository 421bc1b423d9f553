// The server is killed again and again while senders deliver, and send again what was not answered. Each authorised run is there once.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { parseCheckpoints } from '../../../src/ledger/audit/checkpoint.js';
import { auditFilesOf, auditKeyOf } from '../../../src/ledger/audit/files.js';
import { verifyAudit } from '../../../src/ledger/audit/verify.js';
import { openLedger } from '../../../src/ledger/index.js';
import { freePort } from '../../../src/temporal/child-server.js';
import { hookPool, sendUntilTaken } from '../../support/hooks/senders.js';
import { type ServerProcess, startHookServer } from '../../support/hooks/server-process.js';

export interface ServerKills {
  name: string;
  kills: number;
  senders: number;
  /** Of what is drawn: when the server is killed each time. */
  seed: number;
}

export const LONG_SERVER_KILLS: ServerKills = { name: 'server killed 100 times', kills: 100, senders: 6, seed: 1 };
export const SHORT_SERVER_KILLS: ServerKills = { name: 'server killed 3 times', kills: 3, senders: 3, seed: 2 };

/** It is killed in the middle of work: behind so many events that it has taken, and a moment that is drawn. */
const TAKES = 8;
const MOMENT_MS = 40;
const AGAIN_MS = 40;
/** Every fourth event is registered twice: two senders deliver it at once. */
const TWICE = 4;
/** With its port in use, or a machine that is busy, a start takes long; a test that hangs says nothing. */
const LONGEST_MS = 20 * 60_000;

export interface ServerKillsPlayed {
  events: number;
  kills: number;
  problems: string[];
}

export async function playServerKills({ address }: { address: string }, { kills, senders, seed }: ServerKills): Promise<ServerKillsPlayed> {
  const folder = await mkdtemp(join(tmpdir(), 'server-kills-'));
  const taskQueue = `server-kills-${seed}-${process.pid}`;
  const port = await freePort();
  const giveUp = AbortSignal.timeout(LONGEST_MS);
  const start = (): Promise<ServerProcess> => startHookServer({ folder, address, taskQueue, port });
  const pool = hookPool(`http://127.0.0.1:${port}`, senders * 2);
  const taken = new Map<string, string[]>();
  let isOver = false;
  const lane = async (sender: number): Promise<void> => {
    for (let n = 0; !isOver; n += 1) {
      const ticket = `CHG-${sender}-${n}`;
      const event = { ticket: { id: ticket, generation: '1' }, targets: { assetIds: [1] } };
      const copies = n % TWICE === 0 ? ['a', 'b'] : ['a'];
      const answers = await Promise.all(
        copies.map((copy) => sendUntilTaken(pool, '/hooks/std', { id: `${ticket}-${copy}`, event, everyMs: AGAIN_MS, giveUp })),
      );
      taken.set(
        ticket,
        answers.map(({ workflowId }) => workflowId),
      );
      for (const { refused } of answers)
        for (const status of refused) if (status !== 503) problems.push(`${ticket} was answered ${status}`);
    }
  };
  const problems: string[] = [];
  let server = await start();
  try {
    const lanes = Array.from({ length: senders }, (_, sender) => lane(sender));
    const draw = drawing(seed);
    for (let kill = 0; kill < kills; kill += 1) {
      const enough = taken.size + 1 + draw(TAKES);
      while (taken.size < enough) {
        giveUp.throwIfAborted();
        await pause(1);
      }
      await pause(draw(MOMENT_MS));
      await server.kill();
      server = await start();
    }
    isOver = true;
    await Promise.all(lanes);
    problems.push(...(await wrongRuns(address, taskQueue, taken)));
    await server.kill();
    problems.push(...(await wrongAudit(join(folder, 'ledger.db'))));
    return { events: taken.size, kills, problems };
  } finally {
    isOver = true;
    await server.kill();
    await pool.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Every acknowledged event has its run, under one id, and nothing else was started. */
async function wrongRuns(address: string, taskQueue: string, taken: ReadonlyMap<string, string[]>): Promise<string[]> {
  const connection = await Connection.connect({ address });
  try {
    const { workflow } = new Client({ connection });
    const expected = new Set([...taken].map(([ticket]) => `std/${ticket}/1`));
    const problems = [...taken].flatMap(([ticket, ids]) =>
      ids.every((id) => id === `std/${ticket}/1`) ? [] : [`${ticket} is ${ids.join()}`],
    );
    // The list follows what is started, a moment later: each is asked for by its id, and the list is for what nobody asked for.
    for (const id of expected) {
      const there = await workflow
        .getHandle(id)
        .describe()
        .catch(() => undefined);
      if (!there) problems.push(`${id} was acknowledged, and is not there`);
    }
    const started: string[] = [];
    for await (const run of workflow.list({ query: `TaskQueue = '${taskQueue}'` })) started.push(run.workflowId);
    const strange = started.filter((id) => !expected.has(id));
    if (strange.length > 0) problems.push(`started without an acknowledged event: ${strange.slice(0, 3).join()}`);
    if (new Set(started).size !== started.length) problems.push('an id has two runs');
    return problems;
  } finally {
    await connection.close();
  }
}

async function wrongAudit(path: string): Promise<string[]> {
  const ledger = await openLedger({ url: `sqlite:${path}`, create: false, caps: { callsPerHour: 1, concurrency: 1 } });
  try {
    const evidence = parseCheckpoints(await readFile(auditFilesOf(path).checkpoints, 'utf8'));
    const { broken } = await verifyAudit(ledger.database, ledger.id, { ...evidence, keys: [auditKeyOf(undefined, path)] });
    return broken ? [`the audit log is not whole: ${broken.why}`] : [];
  } finally {
    await ledger.close();
  }
}

function drawing(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state % below;
  };
}
