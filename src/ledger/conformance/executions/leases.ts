import { beforeEach, describe, expect, test } from '@jest/globals';
import { openCampaign } from '../../../../test/support/ledger/campaign.js';
import { rewriteRun } from '../../../../test/support/ledger/damage.js';
import { ledgerOf } from '../../../../test/support/ledger/inspector.js';
import {
  accepted,
  allOf,
  assetIds,
  dump,
  giveScript,
  openRun,
  permitted,
  poll,
  readScript,
  TERMS,
} from '../../../../test/support/ledger/ledger.js';
import { giveCalendar, keepScriptWaiting, letRequestsEnd, makeStep } from '../../../../test/support/ledger/scenario.js';
import type { WindowCalendar } from '../../../domain/calendar/windows.js';
import type { PermitTerms } from '../../executions/registry.js';
import type { Ledger } from '../../index.js';
import type { Ledgers } from '../ledgers.js';

/** A minute on Mondays, which is too short for any execution. */
const CLOSED: WindowCalendar = { windows: [{ days: ['MON'], from: '03:00', to: '03:01', timezone: 'UTC' }] };
const HOUR = 3_600_000;

export function leasesSuite(ledgers: Ledgers): void {
  let ledger: Ledger & { url: string };
  beforeEach(async () => {
    ledger = await ledgers.open();
  });
  const permit = (runId: string, n: number, fence: number, terms: Partial<PermitTerms> = {}) =>
    ledger.executions.permit(runId, n, { fence, terms: { ...TERMS, ...terms } });
  const leased = (runId: string) => ledgerOf(ledger).leased(runId);

  /** A run of another script than 7, which has no copies in common with the runs of 7. */
  async function openUrgent(assets = assetIds(2), request: Parameters<typeof openRun>[3] = {}): Promise<number> {
    const fence = await openRun(ledger, 'urgent', assets, request);
    await giveScript(ledger, 'urgent', '8');
    return fence;
  }

  async function twoWave(): Promise<void> {
    await openCampaign(ledger, [assetIds(2), ['asset-0099']]);
    await makeStep(ledger, 'r', { campaignId: 'campaign', step: 'remediate' });
  }

  describe('a run that cannot send now', () => {
    const cannotSend: [string, (fence: number) => Promise<unknown>][] = [
      ['is paused', () => ledger.runs.setPaused('r', true)],
      ['is held by a breach of its budget', () => ledger.runs.hold('r')],
      ['is stopped, and waits for what it sent', () => ledger.runs.stop('r', 'stopped', 'error-budget')],
      [
        'is a step whose campaign is paused',
        async () => {
          await twoWave();
          await ledger.runs.setPaused('campaign', true);
        },
      ],
      [
        'is a step whose wave waits for a decision',
        async () => {
          await twoWave();
          await ledger.campaigns.setWave('campaign', 1, { status: 'awaiting-decision' });
        },
      ],
      [
        'waits for approval',
        async (fence) => {
          await ledger.runs.setPhase('r', 'awaiting-approval');
          expect(await permit('r', 1, fence)).toMatchObject({ why: 'paused' });
        },
      ],
      [
        'is outside its window',
        async (fence) => {
          await giveCalendar(ledger, 'r', CLOSED);
          expect(await permit('r', 1, fence)).toMatchObject({ why: 'window' });
        },
      ],
      [
        'has used up the executions of the day',
        async (fence) => {
          await permitted(ledger, 'earlier', await openRun(ledger, 'earlier', ['asset-0077']));
          expect(await permit('r', 1, fence, { executionsPerDay: 1 })).toMatchObject({ why: 'daily-quota' });
        },
      ],
      [
        'waits an hour for its script',
        async (fence) => {
          await keepScriptWaiting(ledger, '7', (await ledger.database.now()) + HOUR);
          expect(await permit('r', 1, fence)).toMatchObject({ why: 'interval' });
        },
      ],
      [
        'is halted with its ledger',
        async (fence) => {
          await ledger.killSwitch.halt({ by: 'ada' });
          expect(await permit('r', 1, fence)).toMatchObject({ why: 'halted' });
          await ledger.killSwitch.unhalt({ by: 'ada' });
        },
      ],
      ['has an attempt that ends with nothing to send', (fence) => ledger.executions.giveBack('r', fence)],
    ];

    test.each(cannotSend)('and %s, keeps nobody from what it has claimed and never sent', async (_, happens) => {
      const fence = await openRun(ledger, 'r', assetIds(2));
      await ledger.executions.claim('r', fence);
      expect(await leased('r')).toEqual(assetIds(2));
      await happens(fence);
      expect(await leased('r')).toEqual([]);
      expect(await ledger.executions.get('r', 1)).toMatchObject({ state: 'claimed', leased: false, size: 2 });
      const urgent = await openUrgent();
      expect(await permitted(ledger, 'urgent', urgent)).toMatchObject({ assetIds: assetIds(2) });
    });

    test('claims without leases', async () => {
      const fence = await openRun(ledger, 'r', assetIds(2));
      await giveCalendar(ledger, 'r', CLOSED);
      expect(await ledger.executions.claim('r', fence)).toMatchObject({ executionNo: 1, size: 2, leased: false });
      expect(await leased('r')).toEqual([]);
    });

    test('takes its leases again with the permit, and sends what it had frozen', async () => {
      const fence = await openRun(ledger, 'r', assetIds(2));
      await giveCalendar(ledger, 'r', CLOSED);
      await ledger.executions.claim('r', fence);
      expect(await permit('r', 1, fence)).toMatchObject({ why: 'window' });
      await giveCalendar(ledger, 'r', undefined);
      await readScript(ledger, 'r');
      expect(await permit('r', 1, fence)).toMatchObject({ kind: 'granted', assetIds: assetIds(2) });
      expect(await leased('r')).toEqual(assetIds(2));
      expect((await ledger.runs.get('r'))?.claimed).toBe(1);
    });

    test('gives up a batch of which another run has some by now; what is free goes into the next one', async () => {
      const fence = await openRun(ledger, 'r', assetIds(4));
      await ledger.executions.claim('r', fence);
      await ledger.runs.setPaused('r', true);
      await accepted(ledger, 'urgent', await openUrgent());
      await ledger.runs.setPaused('r', false);
      expect(await permit('r', 1, fence)).toMatchObject({
        why: 'state',
        detail: 'another run has some of the assets of execution 1: it is released',
      });
      expect(await permitted(ledger, 'r', fence)).toMatchObject({ n: 2, assetIds: ['asset-0003', 'asset-0004'] });
      expect(await ledger.runs.snapshot('r')).toMatchObject({ waiting: 2, unsent: 0 });
      await ledger.verdicts.record('urgent', poll(1, allOf(assetIds(2), 'succeeded')), { failed: 0, afterMs: 0 });
      await ledger.executions.lost('r', 2, { permit: 1, detail: 'lost', resolveAfterMs: 0 });
      await letRequestsEnd(ledger);
      expect(await permitted(ledger, 'r', fence)).toMatchObject({ n: 3, assetIds: assetIds(2) });
    });

    test('costs no run its assets that only leaves out what is busy', async () => {
      const fence = await openRun(ledger, 'r', assetIds(2));
      await ledger.executions.claim('r', fence);
      await giveCalendar(ledger, 'r', CLOSED);
      const urgent = await openUrgent();
      await rewriteRun(ledger, { conflict: 'skip' }, { id: 'urgent' });
      expect(await permitted(ledger, 'urgent', urgent)).toMatchObject({ assetIds: assetIds(2) });
    });
  });

  describe('who has the assets', () => {
    test('is told by run or campaign, with who asked for it, the one with the most first', async () => {
      await openCampaign(ledger, [assetIds(5)]);
      const step = await openRun(ledger, 'step', assetIds(3));
      await makeStep(ledger, 'step', { campaignId: 'campaign', step: 'remediate' });
      await accepted(ledger, 'step', step);
      await accepted(ledger, 'kims', await openRun(ledger, 'kims', ['asset-0004'], { requestedBy: 'kim' }));
      await openUrgent(assetIds(6));
      const holders = [
        { runId: 'campaign', requestedBy: undefined, assets: 3 },
        { runId: 'kims', requestedBy: 'kim', assets: 1 },
      ];
      expect(await ledger.reader.holdersOfWaiting('urgent')).toEqual(holders);
      expect(await ledger.reader.holdersAmong([...assetIds(6), 'unknown'])).toEqual(holders);
      expect(await ledger.reader.holdersAmong(['asset-0006'])).toEqual([]);
    });
  });

  describe('what was sent', () => {
    /** Stops, pauses and ends everything that can be, and has the other run ask. */
    async function everythingHappens(fence: number): Promise<void> {
      await giveCalendar(ledger, 'r', CLOSED);
      await permit('r', 1, fence);
      await ledger.executions.giveBack('r', fence);
      await ledger.runs.hold('r');
      await ledger.runs.setPaused('r', true);
      await ledger.runs.stop('r', 'stopped', 'error-budget');
      const urgent = await openUrgent();
      expect(await ledger.executions.claim('urgent', urgent)).toBeUndefined();
      expect(await leased('r')).toEqual(assetIds(2));
    }

    test('keeps its leases while its request may be on its way', async () => {
      const fence = await openRun(ledger, 'r', assetIds(2));
      await permitted(ledger, 'r', fence);
      await everythingHappens(fence);
    });

    test('keeps them once Qualys has accepted it', async () => {
      const fence = await openRun(ledger, 'r', assetIds(2));
      await accepted(ledger, 'r', fence);
      await everythingHappens(fence);
    });

    test('keeps them behind a proof that it did not run: a late word may say otherwise', async () => {
      const fence = await openRun(ledger, 'r', assetIds(2));
      await permitted(ledger, 'r', fence);
      await letRequestsEnd(ledger);
      const { sends = 0, requestOverAt: overAt = 0 } = (await ledger.executions.get('r', 1)) ?? {};
      expect(await ledger.executions.provedNotExecuted('r', 1, { sends, overAt })).toBe('may-be-sent');
      await everythingHappens(fence);
    });

    test('keeps them where its fate cannot be established', async () => {
      const fence = await openRun(ledger, 'r', assetIds(2));
      await permitted(ledger, 'r', fence);
      await ledger.executions.giveUp('r', 1, 'fate-unknown');
      await everythingHappens(fence);
    });
  });

  describe('what a worker has left behind that died', () => {
    test('is taken by a run that may send, where its own run may not any more', async () => {
      const fence = await openRun(ledger, 'r', assetIds(30));
      await ledger.executions.claim('r', fence);
      await giveCalendar(ledger, 'r', CLOSED);
      expect(await leased('r')).toHaveLength(25);
      const urgent = await openUrgent(assetIds(2));
      expect(await permitted(ledger, 'urgent', urgent)).toMatchObject({ assetIds: assetIds(2) });
      expect(await leased('r')).toEqual([]);
    });

    test('is left to a run that may still send it, and taken by none that may not itself', async () => {
      await ledger.executions.claim('r', await openRun(ledger, 'r', assetIds(2)));
      const urgent = await openUrgent();
      expect(await ledger.executions.claim('urgent', urgent)).toBeUndefined();
      await giveCalendar(ledger, 'r', CLOSED);
      await giveCalendar(ledger, 'urgent', CLOSED);
      expect(await ledger.executions.claim('urgent', urgent)).toBeUndefined();
      expect(await leased('r')).toEqual(assetIds(2));
    });

    test('is not given back by an attempt that another one has taken over from', async () => {
      const fence = await openRun(ledger, 'r', assetIds(2));
      await ledger.runs.takeFence('r');
      await ledger.executions.claim('r', fence + 1);
      await giveCalendar(ledger, 'r', CLOSED);
      const before = await dump(ledger);
      expect(await permit('r', 1, fence)).toMatchObject({ why: 'fence' });
      await ledger.executions.giveBack('r', fence);
      expect(await dump(ledger)).toEqual(before);
    });
  });

  describe('an execution by tags', () => {
    const many = assetIds(1_500);

    async function tagged(): Promise<number> {
      const fence = await openRun(ledger, 'r', many);
      const planned = { tagIds: ['t'], assetIds: [], excludedAssetIds: [], hits: many };
      await ledger.planned.store('r', (await ledger.planned.begin('r')) ?? 0, [planned]);
      await ledger.executions.claim('r', fence);
      expect(await ledger.planned.leaseMembers('r', 1)).toEqual({ kind: 'whole' });
      await ledger.planned.setTagsRead('r', 1, await ledger.database.now());
      return fence;
    }

    test('gives its leases back in parts, is whole at each of them, and is leased and read again', async () => {
      const fence = await tagged();
      await giveCalendar(ledger, 'r', CLOSED);
      // As if the worker had died behind the first part.
      expect(await permit('r', 1, fence)).toMatchObject({ why: 'window' });
      expect(await leased('r')).toHaveLength(500);
      await giveCalendar(ledger, 'r', undefined);
      await readScript(ledger, 'r');
      expect(await permit('r', 1, fence)).toMatchObject({ why: 'tags' });
      expect(await ledger.planned.leaseMembers('r', 1)).toEqual({ kind: 'whole' });
      await ledger.executions.giveBack('r', fence);
      expect(await leased('r')).toEqual([]);
      expect(await ledger.planned.leaseMembers('r', 1)).toEqual({ kind: 'whole' });
      await ledger.planned.setTagsRead('r', 1, await ledger.database.now());
      expect(await permit('r', 1, fence)).toMatchObject({ kind: 'granted', tagIds: ['t'] });
      expect(await leased('r')).toEqual(many);
    });

    test('leases what a run has claimed that cannot send now, and goes by ids behind one that can', async () => {
      const planned = { tagIds: ['t'], assetIds: [], excludedAssetIds: [], hits: assetIds(2) };
      await ledger.executions.claim('r', await openRun(ledger, 'r', assetIds(2)));
      const urgent = await openUrgent();
      await ledger.planned.store('urgent', (await ledger.planned.begin('urgent')) ?? 0, [planned]);
      await ledger.executions.claim('urgent', urgent);
      await giveCalendar(ledger, 'r', CLOSED);
      expect(await ledger.planned.leaseMembers('urgent', 1)).toEqual({ kind: 'whole' });
      expect(await leased('urgent')).toEqual(assetIds(2));
      await ledger.executions.giveBack('urgent', urgent);
      await giveCalendar(ledger, 'r', undefined);
      await readScript(ledger, 'r');
      expect(await permit('r', 1, 1)).toMatchObject({ kind: 'granted' });
      expect(await ledger.planned.leaseMembers('urgent', 1)).toEqual({
        kind: 'broken',
        why: '2 or more of its assets are busy in another run',
      });
    });
  });

  describe('two campaigns on the same assets, paused, closed, opened and killed at random', () => {
    const ASSETS = assetIds(40);
    const IDS = ['a', 'b'] as const;
    type Id = (typeof IDS)[number];

    /** The same numbers for the same seed. */
    function draws(seed: number): (below: number) => number {
      let state = seed;
      return (below) => {
        state = (state + 0x6d2b79f5) | 0;
        const mixed = Math.imul(state ^ (state >>> 15), state | 1);
        return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
      };
    }

    test.each([1, 2, 3, 4, 5, 6])(
      'an asset is in one sent execution at most, and who may send never waits for who may not (%i)',
      async (seed) => {
        const draw = draws(seed);
        const maySend: Record<Id, { paused: boolean; closed: boolean }> = {
          a: { paused: false, closed: false },
          b: { paused: false, closed: false },
        };
        const fences: Record<Id, number> = { a: await openRun(ledger, 'a', ASSETS), b: await openRun(ledger, 'b', ASSETS) };
        await giveScript(ledger, 'b', '8');
        const may = (id: Id) => !maySend[id].paused && !maySend[id].closed;
        const sent = new Map<string, { id: Id; n: number; assets: string[] }>();

        /** What a dispatch does, up to the given number of permits. */
        async function dispatches(id: Id, most: number): Promise<void> {
          fences[id] = await ledger.runs.takeFence(id);
          for (let granted = 0; granted < most; ) {
            const [claimed] = await ledger.executions.inState(id, ['claimed']);
            const execution = claimed ?? (await ledger.executions.claim(id, fences[id]));
            if (!execution) return;
            let answer = await permit(id, execution.executionNo, fences[id]);
            if (answer.kind === 'refused' && answer.why === 'script') {
              await readScript(ledger, id);
              answer = await permit(id, execution.executionNo, fences[id]);
            }
            if (answer.kind === 'refused' && answer.why === 'state') continue;
            if (answer.kind === 'refused') {
              expect([id, answer.why, may(id)]).toEqual([id, expect.stringMatching(/^(paused|window)$/), false]);
              return;
            }
            granted += 1;
            expect(may(id)).toBe(true);
            for (const other of sent.values()) expect(other.assets.filter((asset) => answer.assetIds.includes(asset))).toEqual([]);
            sent.set(`${id} ${execution.executionNo}`, { id, n: execution.executionNo, assets: answer.assetIds });
            await ledger.executions.accept(id, execution.executionNo, {
              ...{
                permit: answer.permit,
                correlationUuid: `uuid-${id}-${execution.executionNo}`,
                serverAt: TERMS.serverAt,
                configuredIntervalMs: 0,
              },
            });
          }
        }

        async function verdict(): Promise<void> {
          const [key, one] = [...sent][draw(Math.max(1, sent.size))] ?? [];
          if (key === undefined || !one) return;
          sent.delete(key);
          await ledger.verdicts.record(one.id, poll(one.n, allOf(one.assets, draw(2) === 0 ? 'failed' : 'succeeded')), {
            failed: 1,
            afterMs: 0,
          });
        }

        const steps: ((id: Id) => Promise<unknown>)[] = [
          (id) => {
            maySend[id].paused = !maySend[id].paused;
            return ledger.runs.setPaused(id, maySend[id].paused);
          },
          (id) => {
            maySend[id].closed = !maySend[id].closed;
            return giveCalendar(ledger, id, maySend[id].closed ? CLOSED : undefined);
          },
          // A worker that dies between claim and permit.
          (id) => ledger.executions.claim(id, fences[id]),
          (id) => dispatches(id, 1),
          verdict,
        ];
        let looked = 0;
        for (let turn = 0; turn < 80; turn += 1) {
          const id: Id = draw(2) === 0 ? 'a' : 'b';
          await steps[draw(steps.length)]?.(id);
          const other: Id = id === 'a' ? 'b' : 'a';
          if (!may(id) || may(other)) continue;
          await dispatches(id, 100);
          // Everything that it still has to send is where the other one has sent something.
          const pending = (await ledgerOf(ledger).rows('attempts', { runId: id, last: 1, outcome: 'pending' })).map(
            ({ assetId }) => assetId,
          );
          const busy = new Set([...sent.values()].flatMap(({ id: sender, assets }) => (sender === other ? assets : [])));
          expect(pending.filter((assetId) => !busy.has(assetId))).toEqual([]);
          looked += 1;
        }
        expect([looked > 0, (await ledgerOf(ledger).count('sends')) > 1]).toEqual([true, true]);
      },
    );
  });
}
