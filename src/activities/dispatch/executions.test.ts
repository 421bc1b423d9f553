// A machine whose clock is set while the dispatch is at work.
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { openRun, readScript, TERMS, useLedgers } from '../../../test/support/ledger/ledger.js';
import { defaultPolicy } from '../../contracts/policy.js';
import type { Ledger } from '../../ledger/index.js';
import type { ExecuteRequest } from '../../qualys/types.js';
import { type ActivityDependencies, SEND_TIMINGS } from '../dependencies.js';
import { verifyTags } from '../tags/verify.js';
import { createDispatch } from './executions.js';
import { sendExecution } from './send.js';

const MINUTE = 60_000;
const ledgers = useLedgers();
let ledger: Ledger;
let fence: number;
/** What the clocks of this process have moved on, since the test began. */
let realMs: number;
let setMs: number;

beforeEach(async () => {
  ledger = await ledgers.open();
  fence = await openRun(ledger, 'r', ['1', '2']);
  await readScript(ledger, 'r');
  [realMs, setMs] = [0, 0];
  const [wall, monotonic] = [Date.now(), performance.now()];
  jest.spyOn(Date, 'now').mockImplementation(() => wall + realMs + setMs);
  jest.spyOn(performance, 'now').mockImplementation(() => monotonic + realMs);
});
afterEach(() => void jest.restoreAllMocks());

const dependencies = (qualys: object = {}) =>
  ({
    ...{ ledger, qualys, policy: defaultPolicy(), sender: TERMS.sender, timings: SEND_TIMINGS, napMs: 10, client: {} },
  }) as unknown as ActivityDependencies;

describe.each([
  ['not set', 0],
  ['set ten minutes forward', 10 * MINUTE],
  ['set ten minutes back', -10 * MINUTE],
])('with a clock that is %s', (_, byMs) => {
  test('an attempt works for its forty seconds, no more and no less', async () => {
    let asked = 0;
    jest.spyOn(ledger.executions, 'permit').mockImplementation(async () => {
      asked += 1;
      realMs += 1_000;
      if (asked === 2) setMs = byMs;
      return { kind: 'refused', why: 'serialised', waitMs: 1, detail: 'another one is being sent' };
    });
    const attempt = new MockActivityEnvironment().run(createDispatch(dependencies()).dispatch, {
      runId: 'r',
      issued: { claimed: 0, permits: 0 },
    });
    await expect(attempt).rejects.toMatchObject({ type: 'RetryLater' });
    expect([40, 41]).toContain(asked);
  });

  test.each([
    [4_000, byMs <= 0],
    [6_000, false],
  ])('a request that is ready %i ms after its permit starts: %s', async (afterMs, starts) => {
    let started: boolean | undefined;
    const execute = async ({ mayStart }: ExecuteRequest) => {
      setMs = byMs;
      realMs += afterMs;
      started = mayStart();
      return { kind: 'not-sent', why: 'late' };
    };
    const run = await ledger.runs.get('r');
    const execution = await ledger.executions.claim('r', fence);
    if (!run || !execution) throw new Error('nothing to send');
    const report = async () => ({ kind: 'reported' }) as const;
    await sendExecution(dependencies({ execute }), { run, execution, fence, report, beat: () => undefined });
    expect(started).toBe(starts);
  });

  test.each([
    [50_000, 'ready'],
    [70_000, 'by-ids'],
  ])('members of a tag that take %i ms to be read leave the execution %s', async (tookMs, expected) => {
    const ids = ['3', '4'];
    const other = await openRun(ledger, 'tags', ids);
    const planning = (await ledger.planned.begin('tags')) ?? 0;
    await ledger.planned.store('tags', planning, [{ tagIds: ['9'], assetIds: [], excludedAssetIds: [], hits: ids }]);
    const execution = await ledger.executions.claim('tags', other);
    if (!execution) throw new Error('nothing to send');
    async function* searchAssets() {
      setMs = byMs;
      realMs += tookMs;
      yield { rows: ids.map((assetId) => ({ assetId, tags: ['9'] })), bytes: 1 };
    }
    const read = await verifyTags(dependencies({ searchAssets }), { runId: 'tags', execution, beat: () => undefined });
    expect(read).toBe(expected);
  });
});
