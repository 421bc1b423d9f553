// Text that is too long, or no Unicode, from users and from Qualys: refused or cleaned, and the worker goes on.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { wellFormed } from '../../../src/domain/basics/well-formed.js';
import { pause } from '../../../src/workflows/shared/messages.js';
import { historiesOf, largestPayload } from '../histories.js';
import { assetIds, FIRST_ASSET, failureOf, openProductHarness, type ProductHarness, phaseBecomes, requestFor } from '../product-harness.js';

const HALF = '\ud83d';
let harness: ProductHarness;

beforeAll(async () => {
  harness = await openProductHarness('ill-formed', {
    simulator: {
      assets: 50,
      assetNames: { [FIRST_ASSET]: `web${HALF}.example.com`, [FIRST_ASSET + 1]: `${'long'.repeat(60)}.example.com` },
      scripts: [
        { id: 72648, title: `Patch ${HALF} OpenSSL` },
        { id: 72651, title: `Old ${HALF}`, status: 'DEPRECATED' },
      ],
    },
    policy: { approval: { aboveAssets: 10 } },
  });
}, 600_000);
afterAll(() => harness?.close());

test('a reason of nearly 2 MB is refused on the first line of the run, in words that do not repeat it', async () => {
  const handle = await harness.start(requestFor(assetIds(0, 1), { reason: 'x'.repeat(1_900_000) }));
  const failure = await failureOf(handle);
  expect(failure).toMatchObject({ type: 'InvalidRequest', message: expect.stringContaining('reason: must have at most 2,000 characters') });
  expect(failure.details?.[0]).toEqual([{ path: 'reason', problem: 'must have at most 2,000 characters' }]);
  expect(largestPayload(await historiesOf(harness.env.client, handle.workflowId))).toBeLessThan(16_384);
});

test.each([
  ['reason', { reason: `why ${HALF}` }],
  ['requestedBy', { requestedBy: HALF }],
  ['ticket.id', { ticket: { system: 'standard', id: `CHG${HALF}` } }],
  ['targets.hostnames[0]', { targets: { hostnames: [`web${HALF}`] } }],
])('half a character in %s is refused under its path', async (path, more) => {
  const failure = await failureOf(await harness.start(requestFor(assetIds(0, 1), more)));
  expect(failure.type).toBe('InvalidRequest');
  expect(failure.details?.[0]).toMatchObject([{ path, problem: expect.stringContaining('lone surrogate') }]);
});

test('titles and names of Qualys that are no Unicode are cleaned on their way, in reports, rows and failures', async () => {
  const report = await harness.run(requestFor(assetIds(0, 3)));
  expect(report).toMatchObject({ status: 'succeeded', script: { title: 'Patch \ufffd OpenSSL' } });
  const names = (await harness.rows(report.runId)).map(({ name }) => name ?? '');
  expect(names).toEqual(names.map(wellFormed));
  const failure = await failureOf(await harness.start(requestFor(assetIds(0, 1), { script: 72651 })));
  expect(failure).toMatchObject({ type: 'ScriptNotRunnable', message: expect.stringContaining('Old \ufffd') });
  // The worker that told it goes on.
  expect((await harness.run(requestFor(assetIds(4, 1)))).status).toBe('succeeded');
});

test('a decision of somebody without a name that can be written is refused, and leaves no event', async () => {
  const handle = await harness.start(requestFor(assetIds(0, 20)));
  await phaseBecomes(handle, 'awaiting-approval');
  const before = (await handle.fetchHistory()).events?.length;
  for (const who of [{ by: HALF }, { by: 'ann', reason: `why ${HALF}` }, { by: 'ann', reason: 'x'.repeat(2_001) }, { by: 'n\0' }])
    await expect(handle.executeUpdate(pause, { args: [who] })).rejects.toThrow();
  const events = (await handle.fetchHistory()).events ?? [];
  expect(events.filter(({ workflowExecutionUpdateAcceptedEventAttributes }) => workflowExecutionUpdateAcceptedEventAttributes)).toEqual([]);
  expect(events.length).toBe(before);
  // What is good arrives, at its longest, below the 16 KiB of every payload.
  await handle.executeUpdate(pause, { args: [{ by: '漢'.repeat(130), reason: '漢'.repeat(2_000) }] });
  expect(largestPayload(await historiesOf(harness.env.client, handle.workflowId))).toBeLessThan(16_384);
  await handle.cancel();
  await handle.result();
});
