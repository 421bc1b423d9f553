import { expect, test } from '@jest/globals';
// @ts-expect-error a plain script without types
import { findTestServer } from '../../scripts/temporal.mjs';
import { parsePlan } from '../../src/contracts/plan.js';
import { defaultPolicy } from '../../src/contracts/policy.js';
import { rehearsedPlan } from '../../src/rehearsal/plan.js';
import { type Rehearsal, rehearse } from '../../src/rehearsal/run.js';
import { sharedBundle } from '../support/product/temporal-env.js';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

test('a rehearsal waits as the plan says before a step, for a time and for a check-in', async () => {
  const timed = await rehearsed({ script: 72649, after: '2d' });
  const checkIn = await rehearsed({ script: 72649, after: { checkIn: true, within: '1h' } });
  for (const { status, counts, executions } of [timed, checkIn])
    expect([status, counts.succeeded, counts.unverified, executions]).toEqual(['succeeded', 3, 0, 2]);
  const [long, short] = [timed, checkIn].map(({ waves: [wave] }) => (wave?.lastSentAt ?? 0) - (wave?.firstSentAt ?? 0));
  expect(long).toBeGreaterThanOrEqual(2 * DAY_MS);
  expect(long).toBeLessThan(2 * DAY_MS + 60 * MINUTE_MS);
  // Simulated agents check in each minute.
  expect(short).toBeLessThan(60 * MINUTE_MS);
}, 600_000);

async function rehearsed(verify: object): Promise<Rehearsal> {
  const plan = parsePlan({
    name: 'openssl',
    targets: { assetIds: [1, 2, 3] },
    steps: { remediate: 72648, verify },
    requestedBy: 'ann',
    poll: { interval: '1m' },
  });
  if (!plan.ok) throw new Error(JSON.stringify(plan.problems));
  const executionMs = { min: 10 * MINUTE_MS, max: 10 * MINUTE_MS };
  const executable = (await findTestServer(() => undefined)) as string | undefined;
  if (executable === undefined)
    throw new Error('There is no test server for this machine: `node scripts/temporal.mjs test-server` says why.');
  return rehearse({
    ...rehearsedPlan(
      { plan: plan.value, policy: defaultPolicy() },
      { assets: 3, seed: 1, failRate: 0, lostRate: 0, offline: { rate: 0 }, executionMs, executeIntervalMs: 0 },
    ),
    startsAt: Date.parse('2026-10-15T09:00:00Z'),
    answers: { approveAfterMs: MINUTE_MS, resumeAfterMs: MINUTE_MS },
    executable,
    bundle: (await sharedBundle()).codePath,
  });
}
