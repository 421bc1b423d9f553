// What is done for every execution, look or page of targets must cost what they are, not what the run is. SQLite has no statistics here,
// and would rather read a whole run by its primary key than use the index that was made for a statement.
import { beforeEach, expect, test } from '@jest/globals';
import { accepted, assetIds, openRun, useLedgers } from '../../../test/support/ledger/ledger.js';
import { notingDatabase } from '../../../test/support/noting-database.js';
import { Cohort } from '../cohort/freeze.js';
import { Executions } from '../executions/registry.js';
import { Verdicts } from '../executions/verdicts.js';
import type { Ledger } from '../index.js';
import { Runs } from '../runs/registry.js';
import { rendered } from '../sql/dialect.js';
import { Planned } from '../tags/planned.js';
import { parameterCount } from './bound.js';

const ledgers = useLedgers();
let ledger: Ledger;
beforeEach(async () => {
  ledger = await ledgers.open();
});

/** Those of the statements that read a run, or the table, from one end to the other. */
async function readingAll({ database }: Ledger, statements: Iterable<string>): Promise<string[]> {
  const found: string[] = [];
  for (const statement of statements) {
    const plan = await database.all<{ detail: string }>(
      `EXPLAIN QUERY PLAN ${statement}`,
      Array(parameterCount(rendered(statement, 'sqlite'))).fill(null),
    );
    // A subquery is read from end to end, too: by its name.
    const subqueries = new Set(Array.from(statement.matchAll(/\) AS (\w+)/g), ([, name]) => `SCAN ${name}`));
    if (plan.some(({ detail }) => /PRIMARY KEY \(run_id=\?\)$|^SCAN \w+$/.test(detail) && !subqueries.has(detail)))
      found.push(statement.replace(/\s+/g, ' '));
  }
  return found;
}

test('nothing that is done for an execution, a poll, a snapshot or a page of targets reads the whole run', async () => {
  const fence = await openRun(ledger, 'r', assetIds(60), { maxInFlight: 10 });
  const statements = new Set<string>();
  const database = notingDatabase(ledger.database, (statement) => {
    if (/\battempts\b/.test(statement)) statements.add(statement);
  });
  const [cohort, planned, executions, verdicts, runs] = [
    new Cohort(database),
    new Planned(database),
    new Executions(database),
    new Verdicts(database),
    new Runs(database),
  ];
  await cohort.places('r', assetIds(3));
  await cohort.skip('r', assetIds(1), 'other-platform');
  const planning = (await planned.begin('r')) ?? 0;
  await planned.store('r', planning, [{ tagIds: ['1'], assetIds: [], excludedAssetIds: [], hits: assetIds(20, 2) }]);
  const byTags = await executions.claim('r', fence);
  expect(await planned.leaseMembers('r', byTags?.executionNo ?? 0)).toEqual({ kind: 'whole' });
  await executions.claim('r', fence);
  await executions.assetsOf('r', 1);
  await planned.claimUnplannedHits('r', 1, assetIds(3));
  await accepted(ledger, 'r', fence);
  await verdicts.setJob('r', 1, { jobId: 'j', createdAt: 1 });
  await verdicts.inFlight('r', 1);
  await runs.load();
  await runs.snapshot('r');
  expect(statements.size).toBeGreaterThan(15);
  expect(await readingAll(ledger, statements)).toEqual([]);
});
