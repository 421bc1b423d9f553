import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { accepted, openRun } from '../../../test/support/ledger/ledger.js';
import { emptyLedger, openSampleRun, type SampleLedger } from '../../../test/support/ledger/sample.js';
import { notingDatabase } from '../../../test/support/noting-database.js';
import { configOf, fixed, type TicketServer, ticketServer } from '../../../test/support/ticket-server.js';
import { readGauges } from '../../ledger/reads/gauges.js';
import { type HookAnswer, readAnswer } from '../hook-answers.js';
import { HookAudit } from '../hook-audit.js';
import type { LiveConfiguration } from '../live-configuration.js';

const NOW = new Date('2026-11-21T12:00:30Z');
const CONFIG = `
playbooks: { patch: { run: { script: 72648 } } }
hooks: { std: { system: standard, secrets: [{ env: S }], playbook: patch } }
`;

let sample: SampleLedger;
beforeAll(async () => {
  sample = await emptyLedger();
  await accepted(sample.ledger, 'r', await openRun(sample.ledger, 'r', ['1', '2']));
  await openSampleRun(sample.ledger, 'waits', ['3']);
  await sample.ledger.runs.setPhase('waits', 'awaiting-approval');
});
afterAll(() => sample.ledger.close());

const serverOf = (more: Partial<TicketServer> = {}) =>
  ticketServer({ config: CONFIG, env: { S: 'whsec_c2VjcmV0c2VjcmV0c2VjcmV0' }, now: NOW, ledger: async () => sample.ledger, ...more });

async function metricsOf({ app }: ReturnType<typeof ticketServer>): Promise<Map<string, number>> {
  const { statusCode, headers, body } = await app.inject({ url: '/metrics', headers: { host: 'localhost' } });
  expect([statusCode, headers['content-type']]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
  const lines = body.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
}

describe('GET /metrics', () => {
  test('says how the server, Temporal, the ledger and its runs are', async () => {
    const found = await metricsOf(serverOf());
    expect(Object.fromEntries(found)).toMatchObject({
      overhaul_temporal_reachable: 1,
      overhaul_ledger_readable: 1,
      overhaul_configuration_valid: 1,
      overhaul_configuration_age_seconds: 30,
      'overhaul_runs{kind="run",phase="running"}': 1,
      'overhaul_runs{kind="run",phase="awaiting-approval"}': 1,
      overhaul_approvals_waiting: 1,
      overhaul_executions_in_flight: 1,
      overhaul_executions_in_doubt: 0,
      overhaul_open_copies: 2,
      overhaul_halted: 0,
      overhaul_calls_left: 300,
      overhaul_calls_per_window: 300,
    });
  });

  test('says so where Temporal or the ledger cannot be reached, and nothing of what it cannot know', async () => {
    const down = await metricsOf(
      serverOf({ down: true, ledger: () => Promise.reject(new Error('gone')), configuration: brokenConfiguration() }),
    );
    expect(down.get('overhaul_temporal_reachable')).toBe(0);
    expect(down.get('overhaul_ledger_readable')).toBe(0);
    expect(down.get('overhaul_configuration_valid')).toBe(0);
    expect([...down.keys()].filter((name) => /runs|copies|calls|approvals/.test(name))).toEqual([]);
  });

  test('counts deliveries by hook and result, and times requests by the pattern of their route', async () => {
    const server = serverOf();
    for (const url of ['/hooks/std', '/hooks/std', '/hooks/made-up', '/nowhere/at/all'])
      await server.app.inject({ method: 'POST', url, payload: '{}', headers: { host: 'localhost', 'content-type': 'application/json' } });
    const found = await metricsOf(server);
    expect(found.get('overhaul_hook_events_total{hook="std",result="unauthentic"}')).toBe(2);
    expect(found.get('overhaul_hook_events_total{hook="none",result="unknown"}')).toBe(1);
    expect(found.get('overhaul_http_request_duration_seconds_count{route="/hooks/:hook",method="POST",status="401"}')).toBe(2);
    expect(found.get('overhaul_http_request_duration_seconds_count{route="none",method="POST",status="404"}')).toBe(1);
    expect([...found.keys()].join()).not.toContain('made-up');
  });

  test('reads the ledger once for all who ask within five seconds, by indexes alone', async () => {
    let reads = 0;
    const server = serverOf({
      ledger: async () => {
        reads += 1;
        return sample.ledger;
      },
    });
    await Promise.all([metricsOf(server), metricsOf(server), metricsOf(server)]);
    expect(reads).toBe(1);
    const statements: string[] = [];
    await readGauges(notingDatabase(sample.ledger.database, (statement) => statements.push(statement)));
    for (const statement of statements) {
      const plan = await sample.ledger.database.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${statement}`);
      const scans = plan.map(({ detail }) => detail).filter((detail) => /^SCAN (?!CONSTANT ROW)/.test(detail) && !detail.includes('INDEX'));
      expect(scans).toEqual([]);
    }
  });

  test('needs a role that may read where access is configured', async () => {
    const server = serverOf({
      config: `${CONFIG}access: { tokens: [{ name: mon, role: viewer, token: { env: T } }] }\n`,
      env: { S: 'whsec_c2VjcmV0c2VjcmV0c2VjcmV0', T: 'a-token-that-may-read' },
    });
    const ask = async (authorization?: string) =>
      (await server.app.inject({ url: '/metrics', headers: { host: 'x', ...(authorization ? { authorization } : {}) } })).statusCode;
    expect([await ask(), await ask('Bearer wrong'), await ask('Bearer a-token-that-may-read')]).toEqual([401, 401, 200]);
  });
});

function brokenConfiguration(): LiveConfiguration {
  const live = fixed(configOf(CONFIG));
  return { ...live, health: () => ({ ...live.health(), problem: 'has 1 problem' }) };
}

describe('deliveries in the audit log', () => {
  const written: { runId?: string | undefined; entry: { action: string; actor?: string | undefined; detail?: string | undefined } }[] = [];
  let fails = false;
  const auditing = () =>
    new HookAudit({
      now: () => NOW,
      onTrouble: () => undefined,
      write: async (entries) => {
        if (fails) throw new Error('the ledger is busy');
        written.push(...entries);
      },
    });

  test('are one entry each where they started or asked for something, one a minute with the number otherwise', async () => {
    const audit = auditing();
    const answers: HookAnswer[] = [
      readAnswer('std', 202, '{"workflowId":"std/CHG1/1","url":"x"}'),
      readAnswer('std', 409, '{"detail":"with another request"}'),
      ...Array.from({ length: 500 }, () => readAnswer('std', 401, '{"detail":"invalid signature or timestamp"}')),
      ...Array.from({ length: 3 }, () => readAnswer('std', 200, '{"ignored":"not approved"}')),
    ];
    for (const answer of answers) audit.note(answer);
    await audit.close();
    expect(written.map(({ runId, entry }) => [entry.action, runId, entry.actor, JSON.parse(entry.detail ?? '{}')])).toEqual([
      ['webhook-started', 'std/CHG1/1', 'hook std', {}],
      ['webhook-conflict', undefined, 'hook std', { why: 'with another request' }],
      [
        'webhook-unauthentic',
        undefined,
        undefined,
        { hook: 'std', events: 500, since: NOW.toISOString(), why: 'invalid signature or timestamp' },
      ],
      ['webhook-ignored', undefined, 'hook std', { events: 3, since: NOW.toISOString(), why: 'not approved' }],
    ]);
  });

  test('are kept while the ledger cannot be written to', async () => {
    written.length = 0;
    fails = true;
    const audit = auditing();
    audit.note(readAnswer('std', 202, '{"workflowId":"a","url":"x"}'));
    await audit.close();
    expect(written).toEqual([]);
    fails = false;
    await audit.close();
    expect(written.map(({ runId }) => runId)).toEqual(['a']);
  });
});
