import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ledgerOf } from '../../test/support/ledger/inspector.js';
import { assetIds, openRun, settableMachine, useLedgers } from '../../test/support/ledger/ledger.js';
import { find } from '../../test/support/ledger/scenario.js';
import { type Config, parseConfig } from '../contracts/config/file.js';
import type { System } from '../contracts/config/hook.js';
import { runStatus } from '../domain/run/outcome.js';
import type { Ledger } from '../ledger/index.js';
import { type Simulator, startSimulator } from '../simulator/index.js';
import type { DeskFault, SimulatedTicket } from '../simulator/tickets/desk.js';
import { createTicketHttp, type TicketHttp } from '../tickets/http/client.js';
import { writeNext } from './loop.js';
import type { WritingBack } from './write-post.js';

const ENV = { USER: 'demo', EMAIL: 'demo@example.com', PASSWORD: 'demo' };
const BASIC = 'username: { env: USER }, password: { env: PASSWORD }';

interface Case {
  system: Exclude<System, 'standard'>;
  table: string;
  id: string;
  credentials: string;
  onFinished: string;
  /** What the ticket says of itself before and after. */
  moved: [field: string, value: string];
  /** How many entries a whole run leaves: systems without edits have one for each milestone, and some one with the file. */
  entries: number;
  files: number;
}

const CASES: readonly Case[] = [
  {
    system: 'servicenow',
    table: 'change_request',
    id: 'CHG0030001',
    credentials: BASIC,
    onFinished: '{ fields: { state: "0", close_code: unsuccessful } }',
    moved: ['state', '0'],
    entries: 2,
    files: 1,
  },
  {
    system: 'jira',
    table: 'jira',
    id: 'OPS-7',
    credentials: 'username: { env: USER }, token: { env: PASSWORD }',
    onFinished: '{ transition: done }',
    moved: ['status', 'Done'],
    entries: 1,
    files: 1,
  },
  {
    system: 'jira-dc',
    table: 'jira',
    id: '10007',
    credentials: 'token: { env: PASSWORD }',
    onFinished: '{ transition: Start }',
    moved: ['status', 'In Progress'],
    entries: 1,
    files: 1,
  },
  {
    system: 'zendesk',
    table: 'zendesk',
    id: '35',
    credentials: 'username: { env: USER }, token: { env: PASSWORD }',
    onFinished: '{ status: pending }',
    moved: ['status', 'pending'],
    entries: 3,
    files: 1,
  },
  {
    system: 'freshservice',
    table: 'freshservice',
    id: '9',
    credentials: BASIC,
    onFinished: '{ fields: { status: 4 } }',
    moved: ['status', '4'],
    entries: 3,
    files: 1,
  },
  {
    system: 'pagerduty',
    table: 'pagerduty',
    id: 'Q1X2Y3',
    credentials: 'username: { env: EMAIL }, token: { env: PASSWORD }',
    onFinished: '{ status: resolved }',
    moved: ['status', 'resolved'],
    entries: 2,
    files: 0,
  },
  {
    system: 'github',
    table: 'github',
    id: 'acme/fleet#7',
    credentials: 'token: { env: PASSWORD }',
    onFinished: '{ close: true, labels: [failed] }',
    moved: ['labels', 'overhaul-approved,failed'],
    entries: 1,
    files: 0,
  },
];

const ledgers = useLedgers();
let machine: ReturnType<typeof settableMachine>;
let simulator: Simulator;
let http: TicketHttp;
let ledger: Ledger;
let warned: { why?: string }[];

beforeEach(async () => {
  machine = settableMachine();
  simulator = await startSimulator({ assets: 1, tickets: true, now: () => machine.clocks.wall() });
  http = createTicketHttp({ allow: () => ['127.0.0.0/8'], timeoutMs: 400, now: () => machine.realMs });
  ledger = await ledgers.open({ clocks: machine.clocks });
  warned = [];
});
afterEach(async () => {
  await http.close();
  await simulator.close();
});

function configOf({ system, credentials, onFinished }: Case, more = ''): Config {
  const parsed = parseConfig(`
playbooks: { p: { run: { script: 7 } } }
hooks: { h: { system: ${system}, secrets: [{ env: S }], playbook: p, ticket: t, approved: "true" } }
tickets: { t: { system: ${system}, url: "${simulator.url}", ${credentials}, onFinished: { otherwise: ${onFinished} }${more} } }
`);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
}

const backOf = (config: Config | undefined, holder = 'me'): WritingBack => ({
  ...{ ledger, http, env: ENV, holder, publicUrl: 'https://o.example', config: () => config },
  warn: (context) => void warned.push(context),
});

async function opened({ system, id }: Case, runId = `t/${encodeURIComponent(id)}/1`): Promise<string> {
  await openRun(ledger, runId, assetIds(2), { ticket: { hook: 'h', system, id }, requestedBy: 'kim' });
  return runId;
}

/** Everything that comes due within these hours, ten seconds at a time. */
async function settle(back: WritingBack, hours = 1): Promise<void> {
  for (const until = machine.realMs + hours * 3_600_000; machine.realMs < until; machine.realMs += 10_000) {
    await back.ledger.ticketPosts.noteMilestones();
    while (await writeNext(back));
  }
}

async function ended(runId: string): Promise<void> {
  await find(ledger, { outcome: 'failed', exitCode: 3 }, { runId, assetId: 'asset-0001' });
  await find(ledger, { outcome: 'succeeded' }, { runId, assetId: 'asset-0002' });
  await ledger.outputs.store(runId, [{ assetId: 'asset-0001', attempt: 1, output: Buffer.from('no space left\n{{ticket.requester}}') }]);
  await ledger.runs.close(runId, ({ counts, now }) => {
    const { pending: _pending, running: _running, ...final } = counts;
    const status = runStatus({ counts: final, compliant: 0, outOfCohort: 0, stopped: undefined });
    const at = new Date(now).toISOString();
    return {
      ...{ runId, status, counts: final, strays: 0, executions: 1, apiCalls: 9 },
      script: { id: '7', title: 'Patch' },
      startedAt: at,
      finishedAt: at,
    };
  });
}

const ticketOf = ({ table }: Case): SimulatedTicket => {
  const ticket = simulator.state.tickets.find((one) => one.table === table);
  if (!ticket) throw new Error(`no ticket of ${table}`);
  return ticket;
};
const fault = (...faults: DeskFault[]) => simulator.state.desk?.faults.push(...faults);
/** A file that a comment will take up is no write into the ticket. */
const writesOf = () => (simulator.state.desk?.writes ?? []).filter(({ path }) => !path.includes('/uploads'));

/** Every write of ours has its own marker, and none comes twice. */
function markersIn(ticket: SimulatedTicket): string[] {
  return ticket.notes
    .flatMap(({ value }) => value.match(/overhaul:t\/[^\s/]+\/\d+ [a-z0-9-]+/g) ?? [])
    .map((marker) => marker.split(' ')[1] ?? '');
}

async function wholeRun(
  one: Case,
  back: WritingBack,
  { between, hours = 1 }: { between?: () => void; hours?: number } = {},
): Promise<SimulatedTicket> {
  const runId = await opened(one);
  await settle(back, hours);
  between?.();
  await ended(runId);
  await settle(back, hours);
  const ticket = ticketOf(one);
  const own = markersIn(ticket);
  expect(new Set(own).size).toBe(own.length);
  expect(ticket.notes).toHaveLength(one.entries);
  expect(ticket.files).toHaveLength(one.files);
  expect(ticket.record[one.moved[0]]).toBe(one.moved[1]);
  expect(await ledgerOf(ledger).count('ticketPosts', { endedAt: null })).toBe(0);
  return ticket;
}

describe.each(CASES)('a ticket of $system', (one) => {
  test('hears of its run: state, report and move, half a minute apart', async () => {
    const ticket = await wholeRun(one, backOf(configOf(one, ', output: failed')));
    const last = ticket.notes.map(({ value }) => value).join('\n');
    for (const said of [
      'finished, partial',
      '2 targeted, 1 succeeded, 1 failed',
      'https://o.example/runs/',
      'no space left',
      'exit code 3',
    ])
      expect(last).toContain(said);
    if (one.files > 0) expect(ticket.files[0]?.text).toMatch(/^assetId,name,outcome,.*\nasset-0001,,failed,/);
    const times = writesOf().map(({ at }) => at);
    expect(times.length).toBeGreaterThanOrEqual(3);
    for (const [index, at] of times.entries()) if (index > 0) expect(at - (times[index - 1] ?? 0)).toBeGreaterThanOrEqual(30_000);
    expect(warned).toEqual([]);
  });

  test('hears nothing twice although every answer to a write is lost once', async () => {
    const lost: DeskFault[] = ['POST', 'PUT', 'PATCH'].flatMap((method) => [
      { method, kind: 'lost' as const },
      { method, kind: 'lost' as const, status: 502 },
    ]);
    fault(...lost);
    await wholeRun(one, backOf(configOf(one)), { between: () => fault(...lost) });
    expect(warned.length).toBeGreaterThan(0);
  });

  test('hears all of it from a system that is down, refuses, answers late, or asks to wait', async () => {
    const faults: DeskFault[] = [
      ...([{ kind: 'unreached' }, { kind: 'refused', status: 500 }, { kind: 'refused', status: 401 }] as const),
      ...([
        { method: 'GET', kind: 'late', ms: 600 },
        { kind: 'refused', status: 429, retryAfter: '120' },
      ] as const),
      ...['POST', 'PUT', 'PATCH'].map((method) => ({ method, kind: 'late' as const, ms: 600 })),
    ];
    fault(...faults);
    await wholeRun(one, backOf(configOf(one)), { between: () => fault(...faults), hours: 2 });
  });

  test('hears nothing twice from a worker that is killed between its write and what it notes', async () => {
    const config = configOf(one);
    const runId = await opened(one);
    let [written, killed] = [0, 0];
    /** Nothing of what a worker that is killed would have noted is noted; of every two writes, one is its worker's last. */
    const mortal = (): WritingBack => {
      let isDead = false;
      const posts = new Proxy(ledger.ticketPosts, {
        get(of, name) {
          const value = Reflect.get(of, name) as (...given: unknown[]) => Promise<unknown>;
          return async (...given: unknown[]) => {
            if (name === 'done') written += 1;
            isDead ||= name === 'done' && written % 2 === 1;
            if (isDead) throw new Error('killed');
            return value.apply(of, given);
          };
        },
      });
      return { ...backOf(config, `worker ${written}`), ledger: { ...ledger, ticketPosts: posts } };
    };
    const settleKilled = async (): Promise<void> => {
      for (const until = machine.realMs + 3_600_000; machine.realMs < until; machine.realMs += 10_000) {
        await ledger.ticketPosts.noteMilestones();
        await writeNext(mortal()).catch(() => {
          killed += 1;
        });
      }
    };
    await settleKilled();
    await ended(runId);
    await settleKilled();
    expect(killed).toBeGreaterThanOrEqual(4);
    const ticket = ticketOf(one);
    expect([ticket.notes.length, ticket.files.length, ticket.record[one.moved[0]]]).toEqual([one.entries, one.files, one.moved[1]]);
  });
});

describe('what is written into tickets', () => {
  const [SNOW, JIRA] = [CASES[0] as Case, CASES[1] as Case];

  test('costs a run nothing where the system is gone: it is tried for a week, less and less often', async () => {
    const runId = await opened(SNOW);
    await simulator.close();
    const back = backOf(configOf(SNOW));
    await ledger.ticketPosts.noteMilestones();
    await ended(runId);
    for (let hour = 0; hour < 24 * 9; hour += 1) {
      await settle(back, 0.01);
      machine.realMs += 3_600_000;
    }
    const posts = await ledgerOf(ledger).rows('ticketPosts');
    expect(posts.map(({ kind, state }) => [kind, state])).toEqual([
      ...[
        ['status', 'given-up'],
        ['report', 'given-up'],
        ['move', 'given-up'],
      ],
    ]);
    expect(posts[0]?.failures).toBeLessThan(24 * 7 + 12);
    expect((await ledger.runs.get(runId))?.report?.status).toBe('partial');
    simulator = await startSimulator({ assets: 1 });
  });

  test('of two runs for one ticket keeps to its half minute, and to one entry for each', async () => {
    const back = backOf(configOf(JIRA));
    const runs = [await opened(JIRA), await opened(JIRA, 't/OPS-7/2').catch(() => '')];
    await settle(back);
    await Promise.all(runs.map((runId) => ended(runId)));
    await settle(back);
    expect(ticketOf(JIRA).notes).toHaveLength(2);
    const times = writesOf().map(({ at }) => at);
    for (const [index, at] of times.entries()) if (index > 0) expect(at - (times[index - 1] ?? 0)).toBeGreaterThanOrEqual(30_000);
  });

  test.each([CASES[1] as Case, CASES[6] as Case])(
    'edits its own entry, not one that quotes it, after a lost answer: $system',
    async (one) => {
      const back = backOf(configOf(one));
      const runId = await opened(one);
      fault({ method: 'POST', kind: 'lost' });
      await ledger.ticketPosts.noteMilestones();
      await writeNext(back);
      const { notes } = ticketOf(one);
      const quote = { id: '999999', value: notes[0]?.value ?? '', createdOn: '2026-11-30 12:00:00' };
      notes.push({ ...quote });
      await ended(runId);
      await settle(back);
      expect(notes).toHaveLength(2);
      expect(notes[0]?.value).toContain('finished, partial');
      expect(notes[1]).toEqual(quote);
    },
  );

  test('begins a new entry where a person has removed the one that is edited', async () => {
    const back = backOf(configOf(JIRA));
    const runId = await opened(JIRA);
    await settle(back);
    ticketOf(JIRA).notes.length = 0;
    await ended(runId);
    await settle(back);
    expect(ticketOf(JIRA).notes).toHaveLength(1);
    expect(ticketOf(JIRA).notes[0]?.value).toContain('finished, partial');
  });

  test.each(CASES)('may be a sentence of its own: $system', async (one) => {
    const runId = await opened(one);
    fault({ method: one.system === 'servicenow' ? 'PATCH' : one.system === 'zendesk' ? 'PUT' : 'POST', kind: 'lost' });
    await ledger.ticketPosts.say(runId, { key: 'stale 2', words: 'The approval of generation 2 came too late: nothing was done.' });
    await settle(backOf(configOf(one)));
    const said = ticketOf(one).notes.filter(({ value }) => value.includes('came too late'));
    expect(said).toHaveLength(1);
    expect(said[0]?.value).toContain('line-stale-2');
  });

  test('waits for a hook that is not in the file, and is dropped where the hook names no system', async () => {
    await opened(SNOW);
    const config = configOf(SNOW);
    await settle(backOf({ ...config, hooks: {} }), 0.1);
    expect(warned[0]?.why).toBe('hook "h" is not in the configuration file of the worker');
    await settle(backOf(undefined), 0.1);
    const hooks = { h: { ...config.hooks.h, system: 'standard', ticket: undefined } } as unknown as Config['hooks'];
    await settle(backOf({ ...config, hooks }));
    expect(ticketOf(SNOW).notes).toEqual([]);
    expect(await ledgerOf(ledger).count('ticketPosts', { endedAt: null })).toBe(0);
  });
});
