import { beforeEach, describe, expect, test } from '@jest/globals';
import { accepted, assetIds, poll } from '../../../../test/support/ledger/ledger.js';
import { shift } from '../../../../test/support/ledger/scenario.js';
import { parseRequest } from '../../../contracts/request.js';
import type { CampaignStepName } from '../../../domain/campaign/step.js';
import type { Ledger } from '../../index.js';
import type { StoredRequest } from '../../rows/run.js';
import type { Ledgers } from '../ledgers.js';

function request(): StoredRequest {
  const parsed = parseRequest({ script: 7, targets: { assetIds: [1] }, maxInFlight: 100 });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const { targets: _targets, ...stored } = parsed.value;
  return stored;
}

const [one = '', two = '', three = '', four = ''] = assetIds(4);

export function campaignViewSuite(ledgers: Ledgers): void {
  let ledger: Ledger;
  beforeEach(async () => {
    ledger = await ledgers.open();
    await openCampaign();
  });

  /** Six assets: four in the wave `canary`, two in `rest`. */
  async function openCampaign(): Promise<void> {
    await ledger.runs.open({ id: 'c', firstExecutionId: 'first-c', namespace: 'default', request: request(), kind: 'campaign' });
    await ledger.runs.setScript('c', { id: '7', title: 'Patch' });
    await ledger.campaigns.register('c', {});
    await ledger.cohort.add(
      'c',
      assetIds(6).map((assetId) => ({ assetId })),
    );
    await ledger.cohort.freeze('c');
    await ledger.campaigns.assignWaves('c', [
      [1, 2, 3, 4],
      [5, 6],
    ]);
    await ledger.campaigns.freeze('c', {
      ...{ frozen: {}, digest: 'd' },
      waves: [
        { name: 'canary', size: 4 },
        { name: 'rest', size: 2 },
      ],
    });
    await ledger.runs.setPhase('c', 'running');
  }

  async function openStep(step: CampaignStepName): Promise<{ id: string; fence: number }> {
    const id = `c/canary/${step}`;
    const campaign = { id: 'c', wave: 1, step };
    await ledger.runs.open({ id, firstExecutionId: `first-${id}`, namespace: 'default', request: request(), kind: 'step', campaign });
    await ledger.runs.setScript(id, { id: '7', title: 'Patch' });
    await ledger.campaigns.fillStep(id, { campaignId: 'c', wave: 1, step });
    await ledger.cohort.freeze(id);
    await ledger.runs.setPhase(id, 'running');
    return { id, fence: await ledger.runs.takeFence(id) };
  }
  const rows = async (options = {}) =>
    (await ledger.reader.assets('c', options)).items.map(
      ({ assetId, outcome, wave, attempt }) => `${assetId} ${outcome} ${wave} ${attempt}`,
    );

  describe('a campaign as people read it', () => {
    test('has the step under way in its counts, waves and assets before its work is taken over', async () => {
      const { id, fence } = await openStep('remediate');
      await accepted(ledger, id, fence);
      await ledger.verdicts.record(id, poll(1, { [one]: 'succeeded', [two]: 'failed', [three]: 'running', [four]: 'running' }), {
        failed: 1,
        afterMs: 0,
      });
      const view = await ledger.reader.run('c');
      expect(view).toMatchObject({ counts: { targeted: 6, succeeded: 1, running: 2, pending: 3 }, inFlight: 1, accepted: 1 });
      expect(view?.waves?.map(({ name, counts }) => [name, counts.targeted, counts.succeeded, counts.running, counts.pending])).toEqual([
        ['canary', 4, 1, 2, 1],
        ['rest', 2, 0, 0, 2],
      ]);
      expect(await rows()).toEqual([
        'asset-0001 succeeded canary 1',
        // Failed once, and waits for its second attempt.
        'asset-0002 pending canary 2',
        'asset-0003 running canary 1',
        'asset-0004 running canary 1',
        'asset-0005 pending rest 1',
        'asset-0006 pending rest 1',
      ]);
      expect(await rows({ outcome: 'running', limit: 1 })).toEqual(['asset-0003 running canary 1']);
      expect(await rows({ outcome: 'pending', wave: 2 })).toHaveLength(2);
      await ledger.campaigns.mergeWave('c', 1);
      expect((await ledger.reader.run('c'))?.counts).toMatchObject({ targeted: 6, succeeded: 1, running: 2, pending: 3 });
      expect(await rows({ outcome: 'succeeded' })).toEqual(['asset-0001 succeeded canary 1']);
    });

    test('takes an asset that an assessment finds well for left alone, and one that it finds wanting for waiting', async () => {
      const { id, fence } = await openStep('assess');
      await accepted(ledger, id, fence);
      await ledger.verdicts.record(id, poll(1, { [one]: 'succeeded', [two]: 'failed', [three]: 'failed', [four]: 'failed' }), {
        failed: 0,
        afterMs: 0,
      });
      expect((await ledger.reader.run('c'))?.counts).toMatchObject({ skipped: 1, pending: 5, failed: 0 });
      expect((await ledger.reader.assets('c', { outcome: 'skipped' })).items).toMatchObject([{ assetId: one, reason: 'compliant' }]);
    });

    test('finds an output under the last step that has one', async () => {
      const remediate = await openStep('remediate');
      await accepted(ledger, remediate.id, remediate.fence);
      await ledger.verdicts.record(remediate.id, poll(1, { [one]: 'succeeded', [two]: 'failed', [three]: 'failed', [four]: 'failed' }), {
        failed: 0,
        afterMs: 0,
      });
      await ledger.outputs.store(remediate.id, [{ assetId: one, attempt: 1, output: Buffer.from('patched') }]);
      await ledger.campaigns.mergeWave('c', 1);
      expect(await ledger.reader.outputOwner('c', one)).toBe(remediate.id);
      const verify = await openStep('verify');
      await shift(ledger, 'runs', { createdAt: 1000 }, { id: verify.id });
      expect(await ledger.reader.outputOwner('c', one)).toBe(remediate.id);
      await ledger.outputs.store(verify.id, [{ assetId: one, attempt: 1, output: Buffer.from('well') }]);
      expect(await ledger.reader.outputOwner('c', one)).toBe(verify.id);
      expect(await ledger.reader.outputOwner(verify.id, one)).toBe(verify.id);
    });

    test('is listed once, without the runs that its steps are, unless they are asked for; a step names its wave', async () => {
      const { id } = await openStep('remediate');
      expect((await ledger.reader.runs()).map(({ run }) => run.id)).toEqual(['c']);
      expect((await ledger.reader.runs(10, { steps: true })).map(({ run }) => run.id).sort()).toEqual(['c', id]);
      expect((await ledger.reader.assets(id)).items).toMatchObject([{ wave: 'canary' }, { wave: 'canary' }, { wave: 'canary' }, {}]);
    });

    test('says which wave a breach of its budget holds back', async () => {
      const { id } = await openStep('remediate');
      expect((await ledger.reader.run('c'))?.held).toBeUndefined();
      await ledger.runs.hold(id);
      expect((await ledger.reader.run('c'))?.held).toEqual({ wave: 1 });
    });
  });
}
