import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parseSimulatorOptions, type SimulatorOptions } from '../../../src/simulator/options.js';
import { fleetOf } from '../../../src/simulator/world/fleet.js';
import { outputOf } from '../../../src/simulator/world/timeline.js';
import { ledgerOf } from '../../support/ledger/inspector.js';
import { assetIds, FIRST_ASSET, openProductHarness, type ProductHarness, requestFor } from '../product-harness.js';

const FAILING = 20;
/** Output comes 100 s after the verdict, and is waited for during 120 s: two seconds at this speed. */
const OPTIONS = {
  assets: 60,
  speed: 60,
  executionMs: { min: 20_000, max: 30_000 },
  resultLagMs: 100_000,
  failAssets: assetIds(FAILING, 20),
  outputBytes: { min: 10, max: 20_000 },
} satisfies SimulatorOptions;

describe('script output that comes after the verdict', () => {
  let harness: ProductHarness;

  beforeAll(async () => {
    harness = await openProductHarness('outputs', { simulator: OPTIONS });
  }, 600_000);

  afterAll(() => harness?.close());

  test('is waited for and stored byte by byte, of every asset by default', async () => {
    const places = [0, 1, 2, FAILING, FAILING + 1];
    const handle = await harness.start(requestFor(places.map((place) => FIRST_ASSET + place)));
    await handle.result();
    for (const place of places) expect(await stored(handle.workflowId, place)).toEqual(printed(place));
    const rows = await harness.rows(handle.workflowId);
    expect(rows.map(({ outputBytes }) => outputBytes)).toEqual(places.map((place) => printed(place).length));
  });

  test('is stored of failed assets alone when that is asked', async () => {
    const handle = await harness.start(requestFor([...assetIds(3, 2), ...assetIds(FAILING + 2, 2)], { output: 'failed' }));
    await handle.result();
    const seen = await Promise.all([3, 4, FAILING + 2, FAILING + 3].map((place) => stored(handle.workflowId, place)));
    expect(seen).toEqual([undefined, undefined, printed(FAILING + 2), printed(FAILING + 3)]);
  });

  test('is not asked for when none is to be stored', async () => {
    const handle = await harness.start(requestFor([...assetIds(5, 1), ...assetIds(FAILING + 4, 1)], { output: 'none' }));
    await handle.result();
    expect(await ledgerOf(harness.product.ledger).rows('outputs', { runId: handle.workflowId })).toEqual([]);
  });

  function stored(runId: string, place: number): Promise<Buffer | undefined> {
    return harness.product.ledger.outputs.read(runId, String(FIRST_ASSET + place));
  }

  function printed(place: number): Buffer {
    const parsed = parseSimulatorOptions(OPTIONS);
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    const name = fleetOf(parsed.value).name(place);
    return outputOf(parsed.value, { index: place, name }, harness.product.simulator.state.fateOf(FIRST_ASSET + place));
  }
});

describe('script output that never comes', () => {
  let harness: ProductHarness;

  beforeAll(async () => {
    harness = await openProductHarness('no-output', { simulator: { outputMissingRate: 1 } });
  }, 600_000);

  afterAll(() => harness?.close());

  test('does not keep the run from ending', async () => {
    const handle = await harness.start(requestFor(assetIds(0, 3)));
    expect(await handle.result()).toMatchObject({ status: 'succeeded', counts: { succeeded: 3 } });
    expect((await harness.rows(handle.workflowId)).map(({ outputBytes }) => outputBytes)).toEqual([undefined, undefined, undefined]);
  });
});
