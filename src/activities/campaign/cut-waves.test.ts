import { beforeEach, describe, expect, test } from '@jest/globals';
import { ledgerOf } from '../../../test/support/ledger/inspector.js';
import { useLedgers } from '../../../test/support/ledger/ledger.js';
import { type CampaignPlanInput, parsePlan } from '../../contracts/plan.js';
import { orderKey } from '../../domain/campaign/waves.js';
import type { Ledger } from '../../ledger/index.js';
import type { CarAsset } from '../../qualys/types.js';
import type { ActivityDependencies } from '../dependencies.js';
import { cutWaves } from './cut-waves.js';
import { campaignRequest } from './step-request.js';

const ledgers = useLedgers();
let ledger: Ledger;
beforeEach(async () => {
  ledger = await ledgers.open();
});

const ASSETS = Array.from({ length: 40 }, (_, index) => String(700 + index));
/** By tag: who has it. 999 is not of the cohort. */
const BEARERS: Readonly<Record<string, readonly string[]>> = { '51': ['700', '701', '702', '999'], '52': ['702', '703'] };

const qualys = {
  async *searchAssets({ filter = '' }: { filter?: string }) {
    const tagId = /\d+/.exec(filter)?.[0] ?? '';
    const rows = (BEARERS[tagId] ?? []).map((assetId): CarAsset => ({ assetId, name: `host-${assetId}`, tags: [tagId] }));
    yield { rows, unreadable: 0, bytes: 0 };
  },
} as unknown as ActivityDependencies['qualys'];

async function cut(waves: CampaignPlanInput['waves'], assetIds = ASSETS) {
  const parsed = parsePlan({ name: 'openssl', targets: { assetIds: ASSETS }, steps: { remediate: 7 }, waves });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const { targets: _targets, ...plan } = parsed.value;
  await ledger.runs.open({ id: 'c', firstExecutionId: 'f', namespace: 'default', request: campaignRequest(plan), kind: 'campaign' });
  await ledger.cohort.add(
    'c',
    assetIds.map((assetId) => ({ assetId })),
  );
  const frozen = await ledger.cohort.freeze('c');
  return cutWaves({ ledger, qualys }, { runId: 'c', plan, cohortSize: frozen?.size ?? 0, onPage: () => undefined });
}

async function waveOf(): Promise<Record<number, string[]>> {
  const rows = await ledgerOf(ledger).columns('attempts', ['wave', 'assetId']);
  const waves: Record<number, string[]> = {};
  for (const { wave, assetId } of rows) waves[Number(wave)] = [...(waves[Number(wave)] ?? []), assetId].sort();
  return waves;
}

describe('waves', () => {
  test('are cut from the cohort in its seeded order, in whichever order it was resolved', async () => {
    const inOrder = [...ASSETS].sort((a, b) => (orderKey('openssl', a) < orderKey('openssl', b) ? -1 : 1));
    expect(await cut([{ name: 'canary', size: 3 }, { name: 'rest' }], [...ASSETS].reverse())).toEqual([
      { name: 'canary', size: 3 },
      { name: 'rest', size: 37 },
    ]);
    expect(await waveOf()).toEqual({ 1: inOrder.slice(0, 3).sort(), 2: inOrder.slice(3).sort() });
  });

  test('by tag take who has it and is in no earlier wave', async () => {
    expect(await cut([{ name: 'lab', tag: 51 }, { name: 'office', tag: 52 }, { name: 'again', tag: 51 }, { name: 'rest' }])).toEqual([
      { name: 'lab', size: 3 },
      { name: 'office', size: 1 },
      { name: 'again', size: 0 },
      { name: 'rest', size: 36 },
    ]);
    expect(await waveOf()).toMatchObject({ 1: ['700', '701', '702'], 2: ['703'] });
  });

  test('may be by more tags than a number has bits', async () => {
    const tags = Array.from({ length: 40 }, (_, index) => ({ name: `tag ${index}`, tag: 13 + index }));
    expect((await cut([...tags, { name: 'rest' }])).filter(({ size }) => size > 0)).toEqual([
      { name: 'tag 38', size: 3 },
      { name: 'tag 39', size: 1 },
      { name: 'rest', size: 36 },
    ]);
  });

  test('that leave assets out are refused', async () => {
    await expect(cut([{ name: 'canary', size: 3 }])).rejects.toThrow('the waves cover 3 of 40 assets, 37 are in no wave');
  });
});
