import { describe, expect, test } from '@jest/globals';
import { add, misstate } from '../../../../test/support/ledger/damage.js';
import { ledgerOf } from '../../../../test/support/ledger/inspector.js';
import { openRun, permitted, TERMS } from '../../../../test/support/ledger/ledger.js';
import { find, shift, tryAgain } from '../../../../test/support/ledger/scenario.js';
import { defaultPolicy, type NeverTouch, type Policy } from '../../../contracts/policy.js';
import type { Ledger } from '../../index.js';
import type { Ledgers } from '../ledgers.js';

const keeping = (neverTouch: Partial<NeverTouch>, more: Partial<Policy> = {}): Policy => ({
  ...defaultPolicy(),
  ...more,
  neverTouch: { assetIds: [], tags: [], hostnames: [], ...neverTouch },
});

/** As a worker that has seen its file change, and has asked Qualys what it stands for. */
async function change(ledger: Ledger, policy: Policy, assetIds: readonly string[] = policy.neverTouch.assetIds): Promise<number> {
  const { holds } = await ledger.policies.offer({ policy, isChange: true });
  const { version } = holds;
  await ledger.neverTouch.store({ version, assetIds, calls: 1, unknown: [], unreadable: 0 });
  return version;
}

async function keepFrom(ledger: Ledger, runId: string): Promise<number[]> {
  const newest = await ledger.policies.newest();
  if (!newest) throw new Error('no policy');
  const reading = await ledger.neverTouch.newest(newest.version);
  if (!reading) throw new Error('not read');
  const { giveUp } = await ledger.neverTouch.keepFrom(runId, {
    ...{ version: newest.version, reading: reading.id },
    hostnames: newest.policy.neverTouch.hostnames,
  });
  return giveUp;
}

async function outcomesOf(ledger: Ledger, runId: string): Promise<string[]> {
  return (await ledger.reader.assets(runId)).items.map(({ assetId, outcome, reason }) =>
    [assetId, outcome, reason].filter(Boolean).join(' '),
  );
}

export function policyVersionsSuite(ledgers: Ledgers): void {
  describe('the policy of a ledger', () => {
    test('is the newest that was offered; what says the same is no other', async () => {
      const ledger = await ledgers.open();
      expect(await ledger.policies.newest()).toBeUndefined();
      const first = await ledger.policies.offer({
        policy: keeping({ assetIds: ['1', '2'] }),
        source: 'a.yaml',
        changedAt: 1_000,
        isChange: false,
      });
      expect(first).toMatchObject({ kind: 'stored', holds: { version: 1, source: 'a.yaml', changedAt: 1_000 } });
      const same = await ledger.policies.offer({
        policy: keeping({ assetIds: ['2', '1', '1'] }),
        source: 'b.yaml',
        changedAt: 9_000,
        isChange: true,
      });
      expect(same).toMatchObject({ kind: 'same', holds: { version: 1 } });
      const second = await ledger.policies.offer({ policy: keeping({ assetIds: ['3'] }), changedAt: 2_000, isChange: false });
      expect(second).toMatchObject({ kind: 'stored', holds: { version: 2 } });
      expect((await ledger.policies.newest())?.policy.neverTouch.assetIds).toEqual(['3']);
    });

    test('is not set back by a worker that starts with an older file, or with none', async () => {
      const ledger = await ledgers.open();
      await ledger.policies.offer({ policy: keeping({ assetIds: ['1'] }), changedAt: 2_000, isChange: false });
      const older = { policy: keeping({}), changedAt: 1_999, isChange: false };
      expect(await ledger.policies.offer(older)).toMatchObject({ kind: 'older', holds: { version: 1 } });
      expect(await ledger.policies.offer({ policy: keeping({}), isChange: false })).toMatchObject({ kind: 'older' });
      // Under the eyes of a running worker the same file is a change, whatever date it bears.
      expect(await ledger.policies.offer({ ...older, isChange: true })).toMatchObject({ kind: 'stored', holds: { version: 2 } });
    });

    test('is not kept forever by a file whose date lies ahead', async () => {
      const ledger = await ledgers.open();
      const { holds } = await ledger.policies.offer({ policy: keeping({}), changedAt: Date.now() + 1e9, isChange: false });
      expect(holds.changedAt).toBeLessThanOrEqual(await ledger.database.now());
    });

    test('is seen by every process of the ledger at once, its caps by the call log, too', async () => {
      const ledger = await ledgers.open();
      const other = await ledgers.again(ledger.url, { caps: { callsPerHour: 1_000, concurrency: 1_000 } });
      const caps = { callsPerHour: 1, executionsPerDay: 5, concurrency: 1 };
      await ledger.policies.offer({ policy: keeping({}, { caps }), isChange: true });
      expect((await other.policies.newest())?.policy.caps).toEqual(caps);
      expect((await other.calls.enter({ endpoint: 'x', holdMs: 1 })).kind).toBe('go');
      expect((await other.calls.enter({ endpoint: 'x', holdMs: 1 })).kind).toBe('wait');
      await ledger.policies.offer({ policy: keeping({}, { caps: { ...caps, callsPerHour: 9, concurrency: 9 } }), isChange: true });
      expect((await other.calls.enter({ endpoint: 'x', holdMs: 1 })).kind).toBe('go');
    });

    test('names the workers that are there, and what each has', async () => {
      const ledger = await ledgers.open();
      await ledger.policies.announce('one', { digest: 'abc', source: 'a.yaml', readAt: 1 });
      await ledger.policies.announce('two', { digest: 'def', problem: 'line 3', readAt: 2 });
      await ledger.policies.announce('one', { digest: 'abd', source: 'a.yaml', readAt: 3 });
      expect((await ledger.policies.holders()).map(({ holder, digest, problem }) => [holder, digest, problem])).toEqual([
        ['one', 'abd', undefined],
        ['two', 'def', 'line 3'],
      ]);
      await ledger.policies.leave('one');
      await shift(ledger, 'policyHolders', { seenAt: -61_000 });
      expect(await ledger.policies.holders()).toEqual([]);
    });
  });

  describe('a permit', () => {
    const ask = (ledger: Ledger, n: number, fence: number) => ledger.executions.permit('r', n, { fence, terms: TERMS });

    test('is refused for a batch with an asset that policy keeps from scripts since it was claimed, and given to the rest', async () => {
      const ledger = await ledgers.open();
      const fence = await openRun(ledger, 'r', ['1', '2', '3']);
      const first = await ledger.executions.claim('r', fence);
      await change(ledger, keeping({ assetIds: ['2'] }));
      expect(await ask(ledger, first?.executionNo ?? 0, fence)).toMatchObject({
        kind: 'refused',
        why: 'policy',
        detail: 'policy excludes asset 2 from all scripts',
      });
      await keepFrom(ledger, 'r');
      const again = await permitted(ledger, 'r', fence);
      expect(again.assetIds).toEqual(['1', '3']);
      expect(await outcomesOf(ledger, 'r')).toEqual(['1 pending', '2 skipped never-touch', '3 pending']);
      expect((await ledger.audit.of('r')).map(({ action, detail }) => `${action}: ${detail}`)).toContain(
        'never-touch: policy version 1 excludes 1 more asset(s) from the script',
      );
    });

    test.each<[string, Partial<NeverTouch>, string[]]>([
      ['by its first label', { hostnames: ['DB-1'] }, []],
      ['by its whole name', { hostnames: ['db-1.example.com'] }, []],
      ['by a tag that it bears', { tags: ['Prod'] }, ['1']],
    ])('is refused for an asset %s', async (_, neverTouch, read) => {
      const ledger = await ledgers.open();
      const fence = await openRun(ledger, 'r', ['1', '2']);
      await find(ledger, { name: 'db-1.example.com' }, { assetId: '1' });
      await find(ledger, { name: 'db-12.example.com' }, { assetId: '2' });
      const claimed = await ledger.executions.claim('r', fence);
      await change(ledger, keeping(neverTouch), read);
      expect(await ask(ledger, claimed?.executionNo ?? 0, fence)).toMatchObject({ kind: 'refused', why: 'policy' });
      await keepFrom(ledger, 'r');
      expect((await permitted(ledger, 'r', fence)).assetIds).toEqual(['2']);
    });

    test('is refused while it is not known what the newest policy stands for, and for a script that it allows no more', async () => {
      const ledger = await ledgers.open();
      const fence = await openRun(ledger, 'r', ['1']);
      const { executionNo } = (await ledger.executions.claim('r', fence)) ?? { executionNo: 0 };
      await change(ledger, keeping({ assetIds: ['9'] }));
      await ledger.policies.offer({ policy: keeping({ assetIds: ['8'] }), isChange: true });
      expect(await ask(ledger, executionNo, fence)).toMatchObject({ why: 'policy', detail: "policy's exclusions must be read first" });
      await change(ledger, keeping({}, { scripts: { allow: ['8'] } }));
      expect(await ask(ledger, executionNo, fence)).toMatchObject({ why: 'policy', detail: 'policy no longer allows script 7 (Patch)' });
      await change(ledger, keeping({}, { scripts: { allow: ['7'] } }));
      expect(await ask(ledger, executionNo, fence)).toMatchObject({ kind: 'granted' });
    });

    test('is refused for what is put back into the run: a retry is no way around policy', async () => {
      const ledger = await ledgers.open();
      const fence = await openRun(ledger, 'r', ['1', '2']);
      await change(ledger, keeping({ assetIds: ['2'] }));
      await keepFrom(ledger, 'r');
      await ledger.verdicts.requeue('r', ['skipped']);
      const claimed = await ledger.executions.claim('r', fence);
      expect(claimed?.size).toBe(2);
      expect(await ask(ledger, claimed?.executionNo ?? 0, fence)).toMatchObject({ why: 'policy' });
      await keepFrom(ledger, 'r');
      expect((await permitted(ledger, 'r', fence)).assetIds).toEqual(['1']);
    });

    test('is not taken back: what is on its way is left as it is, and not sent again', async () => {
      const ledger = await ledgers.open();
      const fence = await openRun(ledger, 'r', ['1', '2']);
      const { n, permit } = await permitted(ledger, 'r', fence);
      await change(ledger, keeping({ assetIds: ['2'] }));
      await keepFrom(ledger, 'r');
      expect(await outcomesOf(ledger, 'r')).toEqual(['1 pending', '2 pending']);
      // No byte of it left: the batch is free, and made again without the asset.
      await ledger.executions.notSent('r', n, { permit, why: 'not-sent', detail: 'no connection' });
      expect(await ask(ledger, n, fence)).toMatchObject({ why: 'policy' });
      await keepFrom(ledger, 'r');
      expect(await outcomesOf(ledger, 'r')).toEqual(['1 pending', '2 skipped never-touch']);
      expect((await permitted(ledger, 'r', fence)).assetIds).toEqual(['1']);
    });

    test('is given no second time to a batch that was sent before: its assets are unverified', async () => {
      const ledger = await ledgers.open();
      const fence = await openRun(ledger, 'r', ['1', '2']);
      const { n } = await permitted(ledger, 'r', fence);
      await misstate(ledger, { state: 'claimed' }, { executionNo: n });
      await change(ledger, keeping({ assetIds: ['2'] }));
      await keepFrom(ledger, 'r');
      expect(await outcomesOf(ledger, 'r')).toEqual(['1 unverified policy-changed', '2 unverified policy-changed']);
      expect(await ledger.executions.claim('r', fence)).toBeUndefined();
    });

    test('a further attempt that policy forbids leaves the verdict of the one before', async () => {
      const ledger = await ledgers.open();
      await openRun(ledger, 'r', ['1', '2']);
      await find(ledger, { outcome: 'failed', executionNo: 9 }, { assetId: '2' });
      await tryAgain(ledger, 'r', '2');
      await change(ledger, keeping({ assetIds: ['2'] }));
      await keepFrom(ledger, 'r');
      expect(await outcomesOf(ledger, 'r')).toEqual(['1 pending', '2 failed']);
    });
  });

  describe('a reading of what policy never touches', () => {
    test('holds when all of its assets are in, replaces the one before, and never one that is being written', async () => {
      const ledger = await ledgers.open();
      const store = (assetIds: string[]) => ledger.neverTouch.store({ version: 4, assetIds, calls: 1, unknown: [], unreadable: 0 });
      await add(ledger, 'untouchedReadings', { version: -1, readAt: await ledger.database.now(), calls: 0, unknown: '[]', unreadable: 0 });
      await add(ledger, 'untouched', { reading: 1, assetId: 'of another worker' });
      await store(['1', '2']);
      const second = await store(Array.from({ length: 2_500 }, (_, index) => String(index)));
      expect(await ledger.neverTouch.newest(4)).toMatchObject({ id: second.id });
      expect(await ledger.neverTouch.newest(5)).toBeUndefined();
      expect(await ledgerOf(ledger).tally('untouched', ['reading'])).toEqual([
        { reading: 1, n: 1 },
        { reading: second.id, n: 2_500 },
      ]);
    });
  });
}
