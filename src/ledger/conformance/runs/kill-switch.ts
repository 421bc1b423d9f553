import { beforeEach, describe, expect, test } from '@jest/globals';
import { throwSwitchByHand } from '../../../../test/support/ledger/damage.js';
import { openSampleRun } from '../../../../test/support/ledger/sample.js';
import { age } from '../../../../test/support/ledger/scenario.js';
import type { Ledger } from '../../index.js';
import type { Ledgers } from '../ledgers.js';

const TERMS = { sendWindowMs: 5_000, httpTimeoutMs: 30_000, settleMs: 5_000, executionsPerDay: 1_000, serverAt: 0, sender: 'demo' };

export function killSwitchSuite(ledgers: Ledgers): void {
  let ledger: Ledger;

  beforeEach(async () => {
    ledger = await ledgers.open();
  });

  async function permit(runId: string): Promise<string> {
    const fence = await ledger.runs.takeFence(runId);
    const { executionNo } = (await ledger.executions.inState(runId, ['claimed']))[0] ??
      (await ledger.executions.claim(runId, fence)) ?? { executionNo: 0 };
    const answer = await ledger.executions.permit(runId, executionNo, { fence, terms: TERMS });
    return answer.kind === 'granted' ? 'granted' : `${answer.why}: ${answer.detail}`;
  }

  describe('the kill switch', () => {
    test('refuses every permit of the ledger until it is lifted', async () => {
      await openSampleRun(ledger, 'r', ['1']);
      await ledger.killSwitch.halt({ by: 'ada', reason: 'incident 7' });
      expect(await permit('r')).toBe('halted: all executions are halted: incident 7');
      await ledger.killSwitch.unhalt({ by: 'ada' });
      expect(await permit('r')).toMatch(/^script: the script must be read again/);
      await ledger.scriptReadings.end('r', await ledger.scriptReadings.begin('r'));
      expect(await permit('r')).toBe('granted');
    });

    test('tells who threw it, why and since when', async () => {
      expect(await ledger.killSwitch.state()).toBeUndefined();
      const from = await ledger.database.now();
      const { at } = await ledger.killSwitch.halt({ by: 'ada', reason: 'incident 7' });
      const state = await ledger.killSwitch.state();
      expect(state).toMatchObject({ by: 'ada', reason: 'incident 7' });
      expect(at).toBeGreaterThanOrEqual(from);
      expect(state?.at).toBeGreaterThanOrEqual(from);
      expect(state?.at).toBeLessThanOrEqual(await ledger.database.now());
    });

    test('keeps the first reason when it is thrown twice, and says what it found', async () => {
      expect(await ledger.killSwitch.halt({ by: 'ada', reason: 'incident 7' })).toMatchObject({ before: undefined, liveRuns: 0 });
      expect(await ledger.killSwitch.halt({ by: 'lee' })).toMatchObject({ before: { by: 'ada', reason: 'incident 7' } });
      expect(await ledger.killSwitch.state()).toMatchObject({ by: 'ada', at: expect.any(Number) });
      expect(await ledger.killSwitch.unhalt({ by: 'kim' })).toMatchObject({ before: { by: 'ada', reason: 'incident 7' } });
      expect(await ledger.killSwitch.unhalt({ by: 'kim' })).toMatchObject({ before: undefined });
    });

    test('set by hand in the table it has no instant', async () => {
      await ledger.killSwitch.halt({ by: 'lee' });
      await ledger.killSwitch.unhalt({ by: 'lee' });
      await throwSwitchByHand(ledger, { halted: 1, haltedBy: 'ada', haltedWhy: 'by hand' });
      expect(await ledger.killSwitch.state()).toEqual({ by: 'ada', reason: 'by hand', at: undefined });
    });

    test('is in the audit log of every run that was going meanwhile, and of no other', async () => {
      const log = async (runId: string) =>
        (await ledger.audit.of(runId)).map(({ actor, action, detail }) => `${action} ${actor} ${detail}`);
      await openSampleRun(ledger, 'over', ['1']);
      await ledger.runs.abandon('over');
      await age(ledger, 1000, { of: ['finishedAt', 'createdAt'] });
      await openSampleRun(ledger, 'live', ['2']);
      await ledger.killSwitch.halt({ by: 'ada', reason: 'incident 7' });
      await ledger.killSwitch.halt({ by: 'lee' });
      await ledger.audit.add('live', { actor: 'kim', action: 'pause' });
      await ledger.killSwitch.unhalt({ by: 'ada' });
      expect(await log('live')).toEqual([
        'halt ada {"reason":"incident 7","liveRuns":1}',
        'halt lee {"changed":false,"liveRuns":1}',
        'pause kim undefined',
        'unhalt ada {"liveRuns":1}',
      ]);
      expect(await log('over')).toEqual([]);
    });
  });
}
