// What everybody asks for is granted in turn; who waits for it must cost the others nothing.
import { expect, test } from '@jest/globals';
import { NO_CAPS, settableMachine, useLedgers } from '../../../test/support/ledger/ledger.js';
import { notingDatabase } from '../../../test/support/noting-database.js';
import { ask as askOf, campaign, ticket } from '../../../test/support/product/shared-budget.js';
import { Executions } from '../executions/registry.js';
import { CallLog } from '../limits/call-log.js';
import { parameterCount } from './bound.js';

const ledgers = useLedgers();
const HOUR = 3_600_000;
/** A machine that needs a millisecond for a question and none for anything else: how fast this one works is not measured. */
const machine = settableMachine();
const ask: typeof askOf = (...asked) => {
  machine.realMs += 1;
  return askOf(...asked);
};

test('a thousand runs that wait for the same cost a permit and a call no statement more: each is checked once, by index', async () => {
  const ledger = await ledgers.open({ clocks: machine.clocks });
  const [a, t] = [await campaign(ledger, 'a', 30), await ticket(ledger, 't', 30)];
  const cost = { statements: 0, rows: 0 };
  const asked = new Set<string>();
  const database = notingDatabase(ledger.database, (statement, rows) => {
    cost.statements += 1;
    cost.rows += rows;
    if (/\bturns\b/.test(statement) && !/^\s*INSERT/.test(statement)) asked.add(statement);
  });
  const noted = { ...ledger, database, executions: new Executions(database), calls: new CallLog(database, NO_CAPS) };
  const round = async (): Promise<typeof cost> => {
    Object.assign(cost, { statements: 0, rows: 0 });
    await ask(noted, a);
    await ask(noted, t);
    await noted.calls.enter({ endpoint: 'asset-jobs', runId: a.runId, holdMs: 1 });
    return { ...cost };
  };
  await round();
  const alone = await round();
  const now = await ledger.database.now();
  await ledger.database.run(
    `INSERT INTO turns (resource, contender, kind, asks_from, asks_until, served_at, wants, noted_at)
   SELECT resource, 'other-' || n, 'ticket', ?, ?, ?, 0, ?
   FROM (WITH RECURSIVE up (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < 1000) SELECT n FROM up),
     (SELECT 'day' AS resource UNION SELECT 'calls' UNION SELECT 'places' UNION SELECT 'script 7')`,
    [now - HOUR, now + HOUR, now, now],
  );
  expect(await ask(ledger, a)).toMatchObject({ kind: 'refused', why: 'daily-quota' });
  const among = await round();
  expect(among.statements).toBeLessThanOrEqual(alone.statements);
  // Two permits and a call, asked about twice at most.
  expect(among.rows - alone.rows).toBeLessThanOrEqual(4 * 1_000);
  expect(asked.size).toBeGreaterThan(4);
  for (const statement of asked) {
    const plan = await ledger.database.all<{ detail: string }>(
      `EXPLAIN QUERY PLAN ${statement}`,
      Array(parameterCount(statement)).fill(null),
    );
    expect([statement, plan.filter(({ detail }) => /^SCAN turns/.test(detail))]).toEqual([statement, []]);
  }
});
