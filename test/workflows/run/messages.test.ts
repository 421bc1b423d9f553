import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { adjust, approve, pause, reject, resume, retryUnresolved } from '../../../src/workflows/shared/messages.js';
import {
  assetIds,
  eventually,
  openProductHarness,
  type ProductHarness,
  progressOf,
  type RunHandle,
  requestFor,
} from '../product-harness.js';

const [FAILING, OFFLINE] = [200, 260] as const;
const DURATION_MS = 1_200_000;
const by = 'kim';

describe('messages to a run', () => {
  let harness: ProductHarness;

  beforeAll(async () => {
    harness = await openProductHarness('messages', {
      simulator: {
        // Two seconds of real time each: long enough to speak to a run while it works.
        executionMs: { min: DURATION_MS, max: DURATION_MS },
        failAssets: assetIds(FAILING, 40),
        failAttempts: 1,
        offlineAssets: assetIds(OFFLINE, 40),
      },
    });
  }, 600_000);

  afterAll(() => harness?.close());

  test('a paused run sends nothing and ends what is in flight; resumed with more slots, it sends the rest together', async () => {
    const handle = await harness.start(requestFor(assetIds(0, 150), { maxInFlight: 1 }));
    await eventually(
      () => progressOf(handle),
      ({ inFlight }) => inFlight === 1,
    );
    await handle.executeUpdate(pause, { args: [{ by, reason: 'change freeze' }] });
    const paused = await eventually(
      () => progressOf(handle),
      ({ phase, inFlight }) => phase === 'paused' && inFlight === 0,
    );
    expect(paused.counts.pending).toBeGreaterThan(0);
    const sentBefore = harness.product.simulator.state.executions.length;
    await handle.executeUpdate(adjust, { args: [{ by, maxInFlight: 6 }] });
    expect(harness.product.simulator.state.executions.length).toBe(sentBefore);
    await handle.executeUpdate(resume, { args: [{ by }] });
    const report = await handle.result();
    expect([report.status, report.executions, report.counts.succeeded]).toEqual(['succeeded', 6, 150]);
    expect(await harness.audit(handle.workflowId)).toEqual(['start', 'pause', 'adjust', 'resume']);
    const [, entry] = await harness.product.ledger.audit.of(handle.workflowId);
    expect(entry).toMatchObject({ actor: 'kim', verified: false, detail: expect.stringContaining('change freeze') });
    const instants = harness.product.simulator.state.executions.map(({ simulatedAt }) => simulatedAt).slice(sentBefore);
    const shortestGapMs = Math.min(...instants.slice(1).map((at, index) => at - (instants[index] ?? 0)));
    expect([instants.length > 1, shortestGapMs < DURATION_MS]).toEqual([true, true]);
  });

  test('retryUnresolved puts failed assets back once, and a deadline that is shortened ends the wait for an offline one', async () => {
    const handle = await runThatWaits(0, 3);
    const order = { args: [{ by }] as [{ by: string }], updateId: 'retry-once' };
    expect(await handle.executeUpdate(retryUnresolved, order)).toBe(3);
    expect(await handle.executeUpdate(retryUnresolved, order)).toBe(3);
    await eventually(
      () => progressOf(handle),
      ({ counts }) => counts.succeeded === 3,
    );
    expect(await handle.executeUpdate(retryUnresolved, { args: [{ by }] })).toBe(0);
    await handle.executeUpdate(adjust, { args: [{ by, deadline: '1s' }] });
    const report = await handle.result();
    expect(report).toMatchObject({ status: 'partial', executions: 2, counts: { targeted: 4, succeeded: 3, unreachable: 1 } });
    const rows = await harness.rows(handle.workflowId);
    expect(rows.map(({ outcome, attempt }) => [outcome, attempt])).toEqual([
      ['succeeded', 2],
      ['succeeded', 2],
      ['succeeded', 2],
      ['unreachable', 1],
    ]);
    expect(await harness.audit(handle.workflowId)).toEqual(['start', 'retry', 'retry', 'adjust']);
  });

  test('an update that is refused says why and leaves no event', async () => {
    const handle = await runThatWaits(10, 1);
    expect(await refusalOf(handle, 'pause', {})).toContain('by: "by" is required: say who you are');
    expect(await refusalOf(handle, 'pause', undefined)).toContain('1 problem');
    expect(await refusalOf(handle, 'resume', { by, until: 'noon' })).toContain('until: unknown key');
    expect(await refusalOf(handle, 'resume', { by })).toBe('The run is not paused. Nothing to resume.');
    expect(await refusalOf(handle, 'adjust', { by })).toContain('needs at least one of maxInFlight');
    expect(await refusalOf(handle, 'adjust', { by, deadline: 'soon' })).toContain('"soon" is not a duration');
    expect(await refusalOf(handle, 'adjust', { by, maxInFlight: 0 })).toContain('maxInFlight');
    expect(await refusalOf(handle, 'retryUnresolved', { by, outcomes: ['succeeded'] })).toContain('outcomes[0]');
    expect(await refusalOf(handle, approve.name, { by })).toBe('Nothing is waiting for approval.');
    expect(await refusalOf(handle, reject.name, { by })).toBe('Nothing is waiting for approval.');
    // The run itself goes on meanwhile: only events of updates say whether a refusal was written down.
    const { events } = await handle.fetchHistory();
    expect((events ?? []).filter((event) => event.workflowExecutionUpdateAcceptedEventAttributes)).toEqual([]);
    await handle.executeUpdate(adjust, { args: [{ by, deadline: '1s' }] });
    expect((await handle.result()).counts).toMatchObject({ failed: 1, unreachable: 1 });
  });

  test('an error budget that is tightened under what is spent stops the run', async () => {
    const handle = await runThatWaits(20, 2);
    await handle.executeUpdate(adjust, { args: [{ by, errorBudget: { max: 1 }, deadline: '1s' }] });
    expect(await handle.result()).toMatchObject({ status: 'stopped', counts: { failed: 2, unreachable: 1 } });
  });

  /** A run with failures whose offline asset keeps it alive, in a state in which nothing happens by itself. */
  async function runThatWaits(place: number, failing: number): Promise<RunHandle> {
    const handle = await harness.start(
      requestFor([...assetIds(FAILING + place, failing), ...assetIds(OFFLINE + place, 1)], { deadline: '10m', output: 'none' }),
    );
    await eventually(
      () => progressOf(handle),
      ({ counts }) => counts.failed === failing,
    );
    return handle;
  }
});

async function refusalOf(handle: RunHandle, name: string, argument: unknown): Promise<string> {
  try {
    await handle.executeUpdate(name, { args: [argument] });
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError) return error.cause?.message ?? '';
    throw error;
  }
  throw new Error(`${name} ${JSON.stringify(argument)} was accepted.`);
}
