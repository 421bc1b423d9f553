import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { QualysError } from '../../../src/qualys/errors.js';
import { type TimeSkipping, timeSkipping } from '../../support/product/time-skipping.js';
import { assetIds, eventually, failureOf, openProductHarness, type ProductHarness, phaseBecomes, requestFor } from '../product-harness.js';

describe('a gateway that gives no answer', () => {
  let harness: ProductHarness;
  let skipping: TimeSkipping;

  beforeAll(async () => {
    harness = await openProductHarness('unavailable');
    skipping = await timeSkipping(harness.env);
    await harness.product.simulator.close();
  }, 600_000);

  afterAll(async () => {
    await skipping?.close();
    await harness?.close();
  });

  test('is shown as what blocks the run, and a run so blocked can be cancelled', async () => {
    const handle = await harness.start(requestFor(assetIds(0, 2)));
    const { blocked, counts } = await phaseBecomes(handle, 'blocked');
    expect([blocked, counts.targeted]).toEqual([expect.stringMatching(/./), 0]);
    await handle.cancel();
    expect(await handle.result()).toMatchObject({ status: 'cancelled', executions: 0, counts: { targeted: 0 } });
  });

  test('does not fail a run that is cancelled in the middle of asking', async () => {
    let asked = 0;
    let giveUp = (): void => undefined;
    harness.product.dependencies.qualys = {
      ...harness.product.dependencies.qualys,
      script() {
        asked += 1;
        if (asked === 1) return Promise.reject(new QualysError('limited', 'HTTP 429', { waitMs: 60_000 }));
        return new Promise((_resolve, reject) => {
          giveUp = () => reject(new QualysError('limited', 'HTTP 429', { waitMs: 60_000 }));
        });
      },
    };
    const handle = await harness.start(requestFor(assetIds(0, 2)));
    await eventually(
      async () => asked,
      (times) => times === 2,
    );
    await handle.cancel();
    await eventually(
      async () => (await handle.fetchHistory()).events?.some((event) => event.activityTaskCancelRequestedEventAttributes),
      (isAsked) => isAsked === true,
    );
    giveUp();
    expect(await handle.result()).toMatchObject({ status: 'cancelled', executions: 0 });
  });

  test('fails the run after an hour, and its id is used', async () => {
    // As if it answered 503 with `Retry-After: 600`: an hour is then over in a few attempts.
    harness.product.dependencies.qualys = {
      ...harness.product.dependencies.qualys,
      script: () => Promise.reject(new QualysError('unavailable', 'HTTP 503', { waitMs: 600_000 })),
    };
    const handle = await harness.start(requestFor(assetIds(0, 2)), { client: skipping.client });
    const { type, message } = await failureOf(handle);
    expect([type, message]).toEqual([
      'QualysUnavailable',
      expect.stringMatching(/^No response from Qualys for an hour, and nothing was sent: HTTP 503$/),
    ]);
    const run = await harness.product.ledger.runs.get(handle.workflowId);
    expect([run?.phase, run?.report]).toEqual(['finished', undefined]);
  });
});

describe('a gateway that does not know us', () => {
  let harness: ProductHarness;
  let skipping: TimeSkipping;

  beforeAll(async () => {
    harness = await openProductHarness('credentials', { simulator: { users: [{ username: 'demo', password: 'changed' }] } });
    skipping = await timeSkipping(harness.env);
  }, 600_000);

  afterAll(async () => {
    await skipping?.close();
    await harness?.close();
  });

  test('fails the run when it has stood by that for two minutes, without the password in what it says', async () => {
    const { type, message } = await failureOf(await harness.start(requestFor(assetIds(0, 2)), { client: skipping.client }));
    expect([type, message]).toEqual(['AuthenticationFailed', expect.not.stringContaining('changed')]);
    expect(harness.product.simulator.state.calls).toEqual([]);
  });
});
