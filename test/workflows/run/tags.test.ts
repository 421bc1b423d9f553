import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { ExecuteRequest } from '../../../src/qualys/types.js';
import { openProductHarness, type ProductHarness } from '../product-harness.js';

/** The fleet has 400 assets; tag 500 + k is on every tenth of them, from the k-th on. */
const TAGS = Array.from({ length: 10 }, (_, index) => ({ id: 500 + index, name: `ring ${index}`, modulo: 10, remainder: index }));
const FIRST = 20_452_610;

/** Forty assets each: the places of a tag in the fleet are `ring`, `ring` + 10, … */
const assetOf = (ring: number, place: number): string => String(FIRST + ring + 10 * place);

describe('a run by tags', () => {
  let harness: ProductHarness;
  let sent: ExecuteRequest[] = [];
  let beforeExecute: () => void = () => undefined;

  beforeAll(async () => {
    harness = await openProductHarness('tags', { simulator: { tags: TAGS } });
    const { dependencies } = harness.product;
    const { execute } = dependencies.qualys;
    dependencies.qualys = {
      ...dependencies.qualys,
      execute: (request) => {
        sent.push(request);
        beforeExecute();
        return execute(request);
      },
    };
  }, 600_000);

  afterEach(() => {
    sent = [];
    beforeExecute = () => undefined;
    for (const { id } of TAGS)
      for (let ring = 0; ring < 10; ring += 1) harness.product.simulator.state.retag(assetOf(ring, 0), id, id === 500 + ring);
  });

  afterAll(() => harness?.close());

  const request = (tagIds: number[], more: object = {}) => ({
    script: 72648,
    targets: { assetTagIds: tagIds, ...more },
    strategy: 'tags' as const,
    poll: { interval: '1s' as const },
    deadline: '1m' as const,
  });

  test('sends two whole tags in one execution, and reads who bears them in the minute before', async () => {
    const handle = await harness.start(request([500, 501]));
    expect(await handle.result()).toMatchObject({ status: 'succeeded', executions: 1, strays: 0, counts: { targeted: 80, succeeded: 80 } });
    expect(sent.map(({ assetTagIds, assetIds, excludedAssetIds }) => ({ assetTagIds, assetIds, excludedAssetIds }))).toEqual([
      { assetTagIds: ['500', '501'], assetIds: [], excludedAssetIds: [] },
    ]);
    expect(await harness.audit(handle.workflowId)).toContain('planned');
  });

  test('excludes what is not of the cohort', async () => {
    const excluded = [assetOf(2, 3), assetOf(2, 7)];
    const report = await harness.run(request([502], { excludedAssetIds: excluded }));
    expect(report).toMatchObject({ status: 'succeeded', executions: 1, strays: 0, counts: { targeted: 38, succeeded: 38 } });
    expect(sent.map(({ assetTagIds, excludedAssetIds }) => [assetTagIds, [...(excludedAssetIds ?? [])].sort()])).toEqual([
      [['502'], excluded],
    ]);
  });

  test('goes by ids where a tag has changed since the plan, and hits nobody else', async () => {
    const gate = await harness.start({ ...request([503]), maxInFlight: 2 }, { memo: { approval: { quorum: 1 } } });
    await untilAsked(gate);
    harness.product.simulator.state.retag(assetOf(4, 0), 503, true);
    await gate.executeUpdate('approve', { args: [{ by: 'someone else' }] });
    expect(await gate.result()).toMatchObject({ status: 'succeeded', executions: 2, strays: 0, counts: { targeted: 40, succeeded: 40 } });
    expect(sent.map(({ assetTagIds, assetIds }) => [assetTagIds?.length, assetIds.length])).toEqual([
      [0, 25],
      [0, 15],
    ]);
    expect(await harness.audit(gate.workflowId)).toContain('tags-given-up');
  });

  test('raises the alarm for an asset that got the tag between the last poll and the send', async () => {
    beforeExecute = () => harness.product.simulator.state.retag(assetOf(6, 0), 505, true);
    const report = await harness.run(request([505]));
    expect(report).toMatchObject({ status: 'partial', executions: 1, strays: 1, counts: { targeted: 40, succeeded: 40 } });
  });

  test('takes in an asset of its cohort that the wrong execution hit: nobody sends to it again', async () => {
    // Twelve of the forty that bear each of 508, 509 and 504: too many others to name the tags, and too many to go with the first by id.
    const others = [8, 9, 4].flatMap((ring) => Array.from({ length: 12 }, (_, place) => assetOf(ring, place)));
    let stranger: string | undefined;
    beforeExecute = () => {
      if (sent.length > 1) return;
      stranger = others.find((assetId) => !sent[0]?.assetIds.includes(assetId));
      harness.product.simulator.state.retag(stranger ?? '', 507, true);
    };
    const handle = await harness.start({ ...request([507], { assetIds: others }), maxInFlight: 2 });
    expect(await handle.result()).toMatchObject({ status: 'succeeded', strays: 0, counts: { targeted: 76, succeeded: 76 } });
    expect(sent[0]).toMatchObject({ assetTagIds: ['507'] });
    expect(sent.length).toBeGreaterThan(1);
    const hits = harness.product.simulator.state.executions.slice(-sent.length).flatMap(({ assetIds }) => assetIds);
    expect(hits.filter((assetId) => assetId === stranger)).toHaveLength(1);
    expect(new Set(hits).size).toBe(hits.length);
    expect(await harness.audit(handle.workflowId)).toContain('tags-hit-elsewhere');
  });

  test('loses no answer: the job is found by the assets it hit', async () => {
    const other = await openProductHarness('tags-lost', { simulator: { tags: TAGS, faults: { loseExecutes: [1] } } });
    try {
      const report = await other.run(request([509]));
      expect(report).toMatchObject({ status: 'succeeded', executions: 1, strays: 0, counts: { targeted: 40, succeeded: 40 } });
      expect(Math.max(...other.product.simulator.state.executionsPerAsset().values())).toBe(1);
    } finally {
      await other.close();
    }
  });

  async function untilAsked(handle: Awaited<ReturnType<ProductHarness['start']>>): Promise<void> {
    for (;;) {
      const { phase } = await handle.query<{ phase: string }, []>('progress');
      if (phase === 'awaiting-approval') return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
});
