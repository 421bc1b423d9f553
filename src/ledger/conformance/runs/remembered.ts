import { beforeEach, expect, jest, test } from '@jest/globals';
import type { Ledger } from '../../index.js';
import type { Ledgers } from '../ledgers.js';

export function rememberedSuite(ledgers: Ledgers): void {
  let ledger: Ledger;
  beforeEach(async () => {
    ledger = await ledgers.open();
  });

  test('a script is remembered by its last fifty durations and the size of its rows', async () => {
    expect(await ledger.scripts.memory('7')).toEqual({ durations: [], rowBytes: undefined });
    const durations = Array.from({ length: 60 }, (_, index) => ({ localMs: index, serverMs: index * 60 }));
    await ledger.scripts.addDurations('7', durations.slice(0, 30));
    await ledger.scripts.addDurations('7', durations.slice(30));
    await ledger.scripts.setRowBytes('7', 1_024.2);
    await ledger.scripts.setOutputPage('7', 12);
    expect(await ledger.scripts.memory('7')).toEqual({ durations: durations.slice(10), rowBytes: 1_025, outputPage: 12 });
  });

  test('a schedule is written down by its title and then by what became of it', async () => {
    await ledger.schedules.set('r', { title: 'b', state: 'intended' });
    await ledger.schedules.set('r', { title: 'a', state: 'rejected', detail: 'no such zone' });
    await ledger.schedules.set('r', { title: 'b', state: 'created', scheduleId: '9' });
    expect(await ledger.schedules.of('r')).toEqual([
      { title: 'a', state: 'rejected', scheduleId: undefined, detail: 'no such zone' },
      { title: 'b', state: 'created', scheduleId: '9', detail: undefined },
    ]);
    expect(await ledger.schedules.get('r', 'b')).toMatchObject({ state: 'created' });
    expect(await ledger.schedules.get('s', 'b')).toBeUndefined();
  });

  test('the audit says who did what, and whether that is only a claim', async () => {
    await ledger.audit.add('r', { actor: 'kim', action: 'pause', detail: 'x'.repeat(3_000) });
    await ledger.audit.add('r', { actor: 'lee', action: 'resume', verified: true });
    await ledger.audit.add(undefined, { action: 'halt' });
    const entries = await ledger.audit.of('r');
    expect(entries.map(({ actor, action, verified, detail }) => [actor, action, verified, detail?.length])).toEqual([
      ['kim', 'pause', false, 2_000],
      ['lee', 'resume', true, undefined],
    ]);
  });

  test('the audit continues behind an entry, with those of the run alone', async () => {
    expect([await ledger.audit.lastId('r'), await ledger.audit.after('r', 0, 9)]).toEqual([0, []]);
    for (const action of ['pause', 'resume', 'pause']) await ledger.audit.add('r', { actor: 'kim', action });
    await ledger.audit.add('other', { action: 'pause' });
    const [first, ...others] = await ledger.audit.after('r', 0, 9);
    expect(await ledger.audit.after('r', first?.id ?? 0, 9)).toEqual(others);
    expect(await ledger.audit.after('r', first?.id ?? 0, 1)).toEqual(others.slice(0, 1));
    expect([await ledger.audit.lastId('r'), others.length]).toEqual([others.at(-1)?.id, 2]);
  });

  test("Qualys' clock is ours before any answer, then goes on from the last Date header", async () => {
    const from = await ledger.database.now();
    const shown = await ledger.serverClock.now();
    expect(shown).toBeGreaterThanOrEqual(from);
    expect(shown).toBeLessThanOrEqual(await ledger.database.now());
    const observedAt = await ledger.database.now();
    await ledger.serverClock.observe(1_700_000_000_000);
    const now = await ledger.serverClock.now();
    expect(now).toBeGreaterThanOrEqual(1_700_000_000_000);
    expect(now).toBeLessThanOrEqual(1_700_000_000_000 + (await ledger.database.now()) - observedAt + 1_000);
    expect(await ledger.serverClock.rate()).toBe(1);
  });

  test('a gateway whose clock runs sixty times as fast is noticed', async () => {
    const local = jest.spyOn(ledger.database, 'now');
    const began = await ledger.database.now();
    const transaction = jest.spyOn(ledger.database, 'transaction').mockImplementation((work) => work(ledger.database));
    for (let second = 0; second < 10; second += 1) {
      local.mockResolvedValue(began + second * 1_000);
      await ledger.serverClock.observe(1_700_000_000_000 + second * 60_000);
    }
    transaction.mockRestore();
    expect(await ledger.serverClock.rate()).toBe(60);
  });
}
