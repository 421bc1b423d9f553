import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { RemediationRequestInput } from '../../../src/contracts/request.js';
import { ledgerOf } from '../../support/ledger/inspector.js';
import { assetIds, FIRST_ASSET, requestFor } from '../product-harness.js';
import { type CampaignHarness, ids, openCampaignHarness, planOf } from './harness.js';

type Verdict = NonNullable<RemediationRequestInput['verdict']>;
const [REMEDIATE, OTHER] = [72648, 72649] as const;
/** Places in the fleet: found by an exit code; found by what is printed, with code 0; well by its word; with an output that never comes. */
const [FOUND, PRINTED, WELL, LOST] = [0, 100, 200, 300] as const;

describe('what an end means', () => {
  let harness: CampaignHarness;

  beforeAll(async () => {
    harness = await openCampaignHarness('verdicts', {
      simulator: {
        speed: 60,
        executionMs: { min: 20_000, max: 30_000 },
        // A second of real time, half of what it is waited for.
        resultLagMs: 60_000,
        results: [
          { scriptId: OTHER, assetIds: assetIds(FOUND, 50), exitCode: 1337 },
          { scriptId: OTHER, assetIds: assetIds(PRINTED, 50), output: 'looked at it\r\nVULNERABLE\r\n' },
          { assetIds: assetIds(WELL, 80), output: 'all is well\n' },
          { assetIds: assetIds(LOST, 50), output: null },
        ],
      },
    });
  }, 600_000);

  afterAll(() => harness?.close());

  test('an assessment that passes with 1337 is not compliant, and a verification that does is no success', async () => {
    const campaign = await harness.campaign(
      planOf(0, 0, {
        targets: { assetIds: [...assetIds(FOUND, 3), ...assetIds(WELL, 2)] },
        steps: { assess: OTHER, remediate: REMEDIATE, verify: OTHER },
      }),
    );
    expect(await campaign.report()).toMatchObject({ status: 'failed', counts: { targeted: 5, failed: 3, skipped: 2, succeeded: 0 } });
    const outcomes = await campaign.outcomes();
    expect(ids(FOUND, 3).map((id) => outcomes[id])).toEqual(Array(3).fill('failed: verify: passed with exit code 1337'));
    expect(ids(WELL, 2).map((id) => outcomes[id])).toEqual(Array(2).fill('skipped: compliant'));
    expect((await harness.rows(campaign.workflowId))[0]).toMatchObject({ status: 'EXECUTION PASSED', exitCode: 1337, rule: 'default' });
  }, 600_000);

  test('an assessment goes by its output where a rule says so, though none is stored; one that never comes leaves the asset alone', async () => {
    const verdict: Verdict = { output: [{ pattern: '^VULNERABLE$', is: 'failed' }], exitCodes: { '1337': 'skipped' } };
    const before = harness.sent(REMEDIATE).length;
    const campaign = await harness.campaign(
      planOf(0, 0, {
        targets: {
          assetIds: [...assetIds(PRINTED, 2), ...assetIds(WELL + 10, 2), ...assetIds(LOST, 2), ...assetIds(FOUND + 10, 2)],
        },
        output: 'none',
        inconclusive: '100%',
        steps: { assess: { script: OTHER, verdict }, remediate: REMEDIATE },
      }),
    );
    await campaign.report();
    const outcomes = await campaign.outcomes();
    expect(ids(PRINTED, 2).map((id) => outcomes[id])).toEqual(Array(2).fill('succeeded'));
    expect(ids(WELL + 10, 2).map((id) => outcomes[id])).toEqual(Array(2).fill('skipped: compliant'));
    expect(ids(LOST, 2).map((id) => outcomes[id])).toEqual(Array(2).fill('unverified: assess: output-not-read'));
    expect(ids(FOUND + 10, 2).map((id) => outcomes[id])).toEqual(Array(2).fill('skipped: not-applicable'));
    expect(harness.sent(REMEDIATE).slice(before).flat().sort()).toEqual(ids(PRINTED, 2));
    for (const step of ['assess', 'remediate'])
      expect(await ledgerOf(harness).count('outputs', { runId: `${campaign.workflowId}/all/${step}` })).toBe(0);
  }, 600_000);

  test('the budget of a run breaks by what its output says, its retries come of it, and its rows name the rule', async () => {
    const verdict: Verdict = { output: [{ pattern: 'well', is: 'failed' }] };
    const handle = await harness.start(requestFor(assetIds(WELL + 20, 2), { verdict, output: 'failed', retry: { failed: 1, after: 0 } }));
    expect(await handle.result()).toMatchObject({ status: 'failed', executions: 2, counts: { failed: 2 } });
    expect(await harness.rows(handle.workflowId)).toMatchObject(
      Array(2).fill({ outcome: 'failed', status: 'EXECUTION PASSED', exitCode: 0, rule: 'verdict.output[0]', attempt: 2, outputBytes: 12 }),
    );
    expect((await harness.product.ledger.outputs.read(handle.workflowId, String(FIRST_ASSET + WELL + 20)))?.toString()).toBe(
      'all is well\n',
    );
    const breaking = await harness.start(
      requestFor(assetIds(WELL + 30, 30), { verdict, maxInFlight: 1, errorBudget: { max: 2 }, output: 'none' }),
    );
    expect(await breaking.result()).toMatchObject({ status: 'stopped', executions: 1, counts: { failed: 25, skipped: 5 } });
  }, 600_000);
});
