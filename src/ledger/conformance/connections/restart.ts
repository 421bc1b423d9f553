// What processes have of one another by their ledger: one that comes after another goes on where it was, one beside it waits for it.
import { describe, expect, test } from '@jest/globals';
import { accepted, assetIds, openRun, permitted, readScript, TERMS } from '../../../../test/support/ledger/ledger.js';
import type { Ledger } from '../../index.js';
import { setSchedule } from '../../runs/schedules.js';
import type { Sql } from '../../sql/database.js';
import type { Ledgers } from '../ledgers.js';

/** Writes a row within the transaction. */
const note = (sql: Sql, title: string) => setSchedule(sql, 'r', { title, state: 'intended' });

export function restartSuite(ledgers: Ledgers): void {
  describe('a ledger', () => {
    test('draws its identity once and keeps it', async () => {
      const first = await ledgers.open();
      expect(first.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect((await ledgers.again(first.url)).id).toBe(first.id);
      expect((await ledgers.open()).id).not.toBe(first.id);
    });

    /** What is there after all that had it open are gone. */
    const restarted = async (prepare: (ledger: Ledger) => Promise<unknown>) => {
      const { url, close, ...ledger } = await ledgers.open();
      await prepare({ ...ledger, close });
      await close();
      return ledgers.again(url);
    };
    const permit = (ledger: Ledger, runId: string, n: number, fence: number) => ledger.executions.permit(runId, n, { fence, terms: TERMS });

    test('gives no second permit for what was permitted before it was closed, and resolves it as what may have been sent', async () => {
      let fence = 0;
      const ledger = await restarted(async (before) => {
        fence = await openRun(before, 'r', assetIds(30));
        await permitted(before, 'r', fence);
      });
      expect(await permit(ledger, 'r', 1, fence)).toMatchObject({ kind: 'refused', why: 'state' });
      expect(await ledger.executions.get('r', 1)).toMatchObject({ state: 'permitted', sends: 1 });
      expect(await ledger.runs.snapshot('r')).toMatchObject({ inDoubt: 1, attempted: true, waiting: 5 });
    });

    test('keeps leases, fences, orders and the kill switch', async () => {
      let fence = 0;
      const ledger = await restarted(async (before) => {
        fence = await openRun(before, 'r', assetIds(50));
        await accepted(before, 'r', fence);
        await before.executions.claim('r', fence);
        await before.runs.takeFence('r');
        await before.orders.carryOut('r', { id: 'o', number: 4, command: { kind: 'adjust', maxInFlight: 9 } });
        await before.killSwitch.halt({ by: 'ada', reason: 'incident 7' });
      });
      const other = await openRun(ledger, 'other', assetIds(50));
      expect(await ledger.executions.claim('other', other)).toBeUndefined();
      expect(await permit(ledger, 'r', 2, fence + 1)).toMatchObject({ kind: 'refused', why: 'halted' });
      await ledger.killSwitch.unhalt({ by: 'ada' });
      await readScript(ledger, 'r');
      expect(await permit(ledger, 'r', 2, fence)).toMatchObject({ kind: 'refused', why: 'fence' });
      await ledger.orders.carryOut('r', { id: 'late', number: 3, command: { kind: 'adjust', maxInFlight: 1 } });
      expect(await ledger.runs.get('r')).toMatchObject({ maxInFlight: 9, fence: fence + 1 });
      expect(await permit(ledger, 'r', 2, fence + 1)).toMatchObject({ kind: 'granted', permit: 1, assetIds: assetIds(25, 26) });
    });

    test('keeps what was spent: calls of the hour and executions of the day', async () => {
      let fence = 0;
      const { url, close, ...before } = await ledgers.open({ caps: { callsPerHour: 1, concurrency: 1 } });
      fence = await openRun({ ...before, close }, 'r', assetIds(30));
      await accepted({ ...before, close }, 'r', fence);
      expect(await before.calls.enter({ endpoint: 'jobs', runId: 'r', holdMs: 1 })).toMatchObject({ kind: 'go' });
      await close();
      const ledger = await ledgers.again(url, { caps: { callsPerHour: 1, concurrency: 1 } });
      expect(await ledger.calls.enter({ endpoint: 'jobs', runId: 'r', holdMs: 1 })).toMatchObject({ kind: 'wait' });
      const { executionNo } = (await ledger.executions.claim('r', fence)) ?? { executionNo: 0 };
      expect(await ledger.executions.permit('r', executionNo, { fence, terms: { ...TERMS, executionsPerDay: 1 } })).toMatchObject({
        kind: 'refused',
        why: 'daily-quota',
      });
    });
  });

  describe('two connections', () => {
    test('get one permit for one execution, whoever asks first', async () => {
      const first = await ledgers.open();
      const second = await ledgers.again(first.url);
      const fence = await openRun(first, 'r', assetIds(25));
      await first.executions.claim('r', fence);
      const permit = (ledger: Ledger) => ledger.executions.permit('r', 1, { fence, terms: TERMS });
      const answers = await Promise.all([first, second, first, second].map(permit));
      expect(answers.map(({ kind }) => kind).sort()).toEqual(['granted', 'refused', 'refused', 'refused']);
    });

    test('lease no asset twice, and count the calls of both', async () => {
      const caps = { callsPerHour: 5, concurrency: 100 };
      const first = await ledgers.open({ caps });
      const second = await ledgers.again(first.url, { caps });
      const fences = [await openRun(first, 'a', assetIds(100)), await openRun(second, 'b', assetIds(100))] as const;
      const claims = await Promise.all(
        Array.from({ length: 8 }, async (_, index) => {
          const [ledger, runId, fence] = index % 2 === 0 ? ([first, 'a', fences[0]] as const) : ([second, 'b', fences[1]] as const);
          const claimed = await ledger.executions.claim(runId, fence);
          return claimed ? ledger.executions.assetsOf(runId, claimed.executionNo) : [];
        }),
      );
      const leased = claims.flat();
      expect([leased.length, new Set(leased).size]).toEqual([100, 100]);
      const calls = await Promise.all(
        Array.from({ length: 8 }, (_, index) => (index % 2 === 0 ? first : second).calls.enter({ endpoint: 'jobs', holdMs: 1 })),
      );
      expect(calls.filter(({ kind }) => kind === 'go')).toHaveLength(5);
    });
  });

  describe('a transaction', () => {
    test('is all or nothing', async () => {
      const { database, schedules } = await ledgers.open();
      const broken = database.transaction(async (sql) => {
        await note(sql, 't');
        throw new Error('power cut');
      });
      await expect(broken).rejects.toThrow('power cut');
      expect(await schedules.of('r')).toEqual([]);
    });

    test('lets no other work of its connection in, however long it takes', async () => {
      const { database, schedules } = await ledgers.open();
      const order: string[] = [];
      await Promise.all([
        database.transaction(async (sql) => {
          order.push('in');
          for (let step = 0; step < 20; step += 1) await sql.now();
          order.push('out');
        }),
        schedules.set('r', { title: 't', state: 'intended' }).then(() => order.push('after')),
      ]);
      expect(order).toEqual(['in', 'out', 'after']);
    });

    test('waits for one of another connection in the same process instead of standing still', async () => {
      const first = await ledgers.open();
      const second = await ledgers.again(first.url);
      const work = (ledger: Ledger, n: number) =>
        ledger.database.transaction(async (sql) => {
          for (let step = 0; step < 20; step += 1) await new Promise((resolve) => setImmediate(resolve));
          await note(sql, String(n));
        });
      await Promise.all(Array.from({ length: 10 }, (_, n) => work(n % 2 === 0 ? first : second, n)));
      expect(await first.schedules.of('r')).toHaveLength(10);
    });
  });
}
