// Every writer of a run against every moment of its close: outcomes add up, no lease is left, and the report is not changed any more.
import { expect, test } from '@jest/globals';
import { accepted, allOf, look, openRun, permitted, TERMS, useLedgers } from '../../test/support/test-ledger.js';
import { createCloseRun } from '../activities/close-run.js';
import type { RunReport } from '../domain/outcome.js';
import type { Sql } from './database.js';
import type { Ledger } from './ledger.js';

const ledgers = useLedgers();
const ASSETS = Array.from({ length: 26 }, (_, index) => String(101 + index));

interface Late {
  /** Brings the run to where the word can come late; returns the word. */
  prepare(ledger: Ledger, fence: number): Promise<() => Promise<unknown>>;
}

const UUID = 'late-uuid';

const WRITERS: Record<string, Late> = {
  'an acceptance': {
    async prepare(ledger, fence) {
      const { n, permit } = await permitted(ledger, 'r', fence);
      return () => ledger.executions.accept('r', n, { permit, correlationUuid: UUID, serverAt: TERMS.serverAt });
    },
  },
  'an adoption': {
    async prepare(ledger, fence) {
      const { n } = await permitted(ledger, 'r', fence);
      return () => ledger.executions.adopt('r', n, { correlationUuid: UUID, jobId: 'j', createdAt: TERMS.serverAt });
    },
  },
  'a refusal': {
    async prepare(ledger, fence) {
      const { n, permit } = await permitted(ledger, 'r', fence);
      return () => ledger.executions.notSent('r', n, { permit, why: 'limited', detail: 'too many' });
    },
  },
  'a judgement that gives up': {
    async prepare(ledger, fence) {
      const { n } = await permitted(ledger, 'r', fence);
      const { sends, requestOverAt } = (await ledger.executions.get('r', n)) ?? { sends: 0, requestOverAt: 0 };
      return () => ledger.executions.giveUp('r', n, 'fate-unknown', { sends, overAt: requestOverAt ?? 0 });
    },
  },
  'a look with verdicts': {
    async prepare(ledger, fence) {
      const { n, assetIds } = await accepted(ledger, 'r', fence);
      const seen = look(n, allOf(assetIds, 'failed'));
      return () => ledger.verdicts.record('r', { ...seen, number: 9 }, { failed: 1, afterMs: 0 });
    },
  },
  'a job that was found': {
    async prepare(ledger, fence) {
      const { n } = await accepted(ledger, 'r', fence);
      return () => ledger.verdicts.setJob('r', n, { jobId: 'j', createdAt: TERMS.serverAt });
    },
  },
  'an output': {
    async prepare(ledger, fence) {
      await accepted(ledger, 'r', fence);
      return () => ledger.outputs.store('r', [{ assetId: '101', attempt: 1, output: Buffer.from('done') }]);
    },
  },
  'assets that were hit': {
    async prepare(ledger, fence) {
      const { n } = await accepted(ledger, 'r', fence);
      return () => ledger.planned.takeIn('r', n, ['126']);
    },
  },
  strays: {
    async prepare(ledger, fence) {
      await accepted(ledger, 'r', fence);
      return () => ledger.verdicts.addStrays('r', 1, [{ jobId: 'j', assetId: '999' }]);
    },
  },
  'a retry': {
    async prepare(ledger, fence) {
      const { n, assetIds } = await accepted(ledger, 'r', fence);
      await ledger.verdicts.record('r', look(n, allOf(assetIds, 'failed')), { failed: 0, afterMs: 0 });
      return () =>
        ledger.orders.carryOut('r', { id: 'o', number: 1, command: { kind: 'retry', outcomes: ['failed', 'unverified', 'skipped'] } });
    },
  },
  'a claim': {
    async prepare(ledger, fence) {
      await accepted(ledger, 'r', fence);
      return () => ledger.executions.claim('r', fence);
    },
  },
  'a permit': {
    async prepare(ledger, fence) {
      const execution = await ledger.executions.claim('r', fence);
      return () => ledger.executions.permit('r', execution?.n ?? 0, { fence, terms: TERMS });
    },
  },
};

/** Lets the word in before the nth transaction of the close; false when the close has fewer. */
async function closeWith(ledger: Ledger, nth: number, word: () => Promise<unknown>): Promise<{ report: RunReport; said: boolean }> {
  const { database } = ledger;
  const transaction = database.transaction.bind(database);
  let passed = 0;
  let said = false;
  database.transaction = async <T>(work: (sql: Sql) => Promise<T>) => {
    passed += 1;
    if (passed === nth) {
      database.transaction = transaction;
      said = true;
      await word();
    }
    return transaction(work);
  };
  const report = await createCloseRun({ ledger }).closeRun({ runId: 'r', reason: 'interrupted' });
  database.transaction = transaction;
  if (!said) await word();
  return { report, said };
}

async function rowsOf(ledger: Ledger): Promise<unknown[]> {
  return ledger.database.all('SELECT asset_id, attempt, outcome, reason, job_id, output, output_bytes FROM attempts ORDER BY seq, attempt');
}

test.each(Object.keys(WRITERS))(
  '%s that comes at any moment of the close, or after it, leaves whole counts and no lease',
  async (name) => {
    for (let nth = 1, said = true; said; nth += 1) {
      const ledger = await ledgers.open();
      const fence = await openRun(ledger, 'r', ASSETS);
      const word = await WRITERS[name]?.prepare(ledger, fence);
      if (!word) throw new Error(name);
      const closed = await closeWith(ledger, nth, word);
      said = closed.said;
      const { targeted, ...six } = closed.report.counts;
      expect(Object.values(six).reduce((sum, count) => sum + count, 0)).toBe(targeted);
      expect(targeted).toBe(ASSETS.length);
      const before = await rowsOf(ledger);
      await word();
      expect(await rowsOf(ledger)).toEqual(before);
      const counted = await ledger.database.all<{ outcome: string; n: number }>(
        'SELECT outcome, count(*) AS n FROM attempts WHERE last = 1 GROUP BY 1',
      );
      expect(Object.fromEntries(counted.map(({ outcome, n }) => [outcome, n]))).toEqual(
        Object.fromEntries(Object.entries(six).filter(([, count]) => count > 0)),
      );
      expect(await ledger.database.all('SELECT 1 FROM attempts WHERE lease = 1')).toEqual([]);
      await openRun(ledger, 'other', ASSETS, { script: 8 });
      await ledger.database.run(`UPDATE runs SET script_id = '8' WHERE id = 'other'`);
      expect((await ledger.executions.claim('other', 1))?.size).toBe(25);
    }
  },
  60_000,
);

test('verdicts that come late stand beside the outcome, in the audit log, and let others come to the asset', async () => {
  const ledger = await ledgers.open();
  const fence = await openRun(ledger, 'r', ['101', '102']);
  const { n, assetIds } = await accepted(ledger, 'r', fence);
  await createCloseRun({ ledger }).closeRun({ runId: 'r', reason: 'interrupted' });
  await ledger.verdicts.record('r', { ...look(n, { '101': 'succeeded', '102': 'running' }), number: 9 }, { failed: 0, afterMs: 0 });
  await ledger.verdicts.record('r', { ...look(n, { '101': 'succeeded', '102': 'running' }), number: 10 }, { failed: 0, afterMs: 0 });
  expect((await ledger.reader.assets('r')).items).toMatchObject([
    { assetId: assetIds[0], outcome: 'unverified', late: 'succeeded' },
    { assetId: assetIds[1], outcome: 'unverified' },
  ]);
  expect((await ledger.audit.of('r')).filter(({ action }) => action === 'late-verdict').map(({ detail }) => detail)).toEqual([
    'execution 1: 101 succeeded',
  ]);
  const other = await openRun(ledger, 'other', ['101', '102']);
  expect(await ledger.executions.claim('other', other)).toMatchObject({ size: 1 });
});

test('what tags hit after the close is kept from others as a copy that may still run', async () => {
  const ledger = await ledgers.open();
  const fence = await openRun(ledger, 'r', ['101', '103']);
  await ledger.database.run(`UPDATE attempts SET due_at = 9e15 WHERE asset_id = '103'`);
  const { n } = await accepted(ledger, 'r', fence);
  await createCloseRun({ ledger }).closeRun({ runId: 'r', reason: 'cancelled' });
  expect(await ledger.planned.takeIn('r', n, ['103'])).toEqual({ moved: [], skipped: [], twice: [] });
  expect((await ledger.audit.of('r')).map(({ action }) => action)).toContain('late-hit');
  const other = await openRun(ledger, 'other', ['103']);
  expect(await ledger.executions.claim('other', other)).toBeUndefined();
  expect(await ledger.database.all(`SELECT outcome, reason FROM attempts WHERE run_id = 'other'`)).toEqual([
    { outcome: 'skipped', reason: 'open-copy: run r' },
  ]);
});

test('a late answer gives its job to the execution, so that nobody else takes it for theirs', async () => {
  const ledger = await ledgers.open();
  const fence = await openRun(ledger, 'r', ['101']);
  const { n, permit } = await permitted(ledger, 'r', fence);
  await createCloseRun({ ledger }).closeRun({ runId: 'r', reason: 'interrupted' });
  expect(await ledger.executions.accept('r', n, { permit, correlationUuid: UUID, serverAt: TERMS.serverAt })).toBe(false);
  expect(await ledger.executions.claimedUuids([UUID])).toEqual(new Set([UUID]));
  expect((await ledger.audit.of('r')).map(({ action }) => action)).toContain('late-answer');
});

test('a lease that a finished run holds all the same is freed by the sweep', async () => {
  const ledger = await ledgers.open();
  const fence = await openRun(ledger, 'r', ['101']);
  await accepted(ledger, 'r', fence);
  await createCloseRun({ ledger }).closeRun({ runId: 'r', reason: 'interrupted' });
  await ledger.database.run('UPDATE attempts SET lease = 1');
  expect(await ledger.runs.freeLeasesOfFinished()).toEqual(['r']);
  expect(await ledger.runs.freeLeasesOfFinished()).toEqual([]);
});
