import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import { sweep } from '../../../src/recovery/sweep.js';
import type { remediationCampaign } from '../../../src/workflows/index.js';
import { type Campaign, type CampaignHarness, ids, openCampaignHarness, planOf } from '../campaign/harness.js';
import { assetIds, eventually, outcomes, requestFor } from '../product-harness.js';

type Event = temporal.api.history.v1.IHistoryEvent;

const SPEED = 600;
/** Real time that an execution is in flight: long enough to reset its workflow meanwhile. */
const IN_FLIGHT_MS = 8_000;

/** The ten assets of one test: all tests run side by side on one gateway. */
interface Own {
  first: number;
  started(more?: object): Promise<Campaign>;
  sentOf(count: number): Promise<unknown>;
  sent(): string[];
  eachSentOnce(count: number): void;
}

describe('a workflow that is reset', () => {
  let harness: CampaignHarness;
  let taken = 0;

  beforeAll(async () => {
    harness = await openCampaignHarness('reset', {
      simulator: { speed: SPEED, executionMs: { min: IN_FLIGHT_MS * SPEED, max: IN_FLIGHT_MS * SPEED } },
    });
  }, 600_000);

  afterAll(() => harness?.close(), 60_000);

  test.concurrent('as a campaign to before a step that runs: takes the step up, sends nothing twice, and knows every outcome', async () => {
    const { started, sentOf, eachSentOnce } = ownAssets();
    const campaign = await started();
    await sentOf(4);
    await reset(campaign.workflowId, startsStep('one'));
    expect(await swept()).toEqual([]);
    const report = await reportOf(campaign);
    expect(report).toMatchObject({ status: 'succeeded', executions: 2, counts: { targeted: 8, succeeded: 8 } });
    expect(report).toMatchObject({ waves: [{ status: 'succeeded' }, { status: 'succeeded' }] });
    eachSentOnce(8);
    expect(Object.values(await campaign.outcomes())).toEqual(Array(8).fill('succeeded'));
  });

  test.concurrent('as a campaign to its first event while its second wave is under way: walks through both, and sends nothing twice', async () => {
    const { started, sentOf, eachSentOnce } = ownAssets();
    const campaign = await started();
    await sentOf(8);
    await reset(campaign.workflowId, (event) => Boolean(event.activityTaskScheduledEventAttributes));
    expect(await reportOf(campaign)).toMatchObject({
      ...{ status: 'succeeded', executions: 2, counts: { targeted: 8, succeeded: 8 } },
      waves: [{ status: 'succeeded' }, { status: 'succeeded' }],
    });
    eachSentOnce(8);
  });

  test.concurrent('as a campaign to before a step that has ended: takes its outcomes from the ledger at once', async () => {
    const { started, eachSentOnce } = ownAssets();
    const campaign = await started({ waves: [{ name: 'one' }], soak: undefined });
    const report = await reportOf(campaign);
    await reset(campaign.workflowId, startsStep('one'));
    expect(await reportOf(campaign)).toEqual(report);
    eachSentOnce(8);
  });

  // Alone, when the others are done: its sweep would close what they have terminated, and theirs what it has.
  test('as a campaign to before a step whose workflow is terminated meanwhile: the sweep ends the step, and somebody is asked', async () => {
    const { started, sentOf, eachSentOnce } = ownAssets();
    const campaign = await started();
    await sentOf(4);
    const step = `${campaign.workflowId}/one/remediate`;
    await reset(campaign.workflowId, startsStep('one'));
    await eventually(
      () => historyOf(campaign.workflowId),
      (events) => events.some((event) => event.startChildWorkflowExecutionFailedEventAttributes),
    );
    await harness.env.client.workflow.getHandle(step).terminate('the test');
    expect(await swept()).toEqual([step]);
    expect((await campaign.until(({ pending }) => pending !== undefined)).pending).toMatchObject({ kind: 'inconclusive', wave: 'one' });
    await latest(campaign).executeUpdate('approve', { args: [{ by: 'bob' }] });
    expect(await reportOf(campaign)).toMatchObject({ executions: 2, counts: { targeted: 8, succeeded: 4, unverified: 4 } });
    eachSentOnce(8);
  });

  test.concurrent('as a campaign to before a step that runs, and is then cancelled: the step is cancelled with it, and collects', async () => {
    const { started, sentOf, sent } = ownAssets();
    const campaign = await started();
    await sentOf(4);
    await reset(campaign.workflowId, startsStep('one'));
    await latest(campaign).cancel();
    expect(await reportOf(campaign)).toMatchObject({ status: 'cancelled', counts: { targeted: 8, succeeded: 4, skipped: 4 } });
    expect(new Set(sent()).size).toBe(4);
    expect(sent()).toHaveLength(4);
  });

  test.concurrent('as a campaign whose step is paused by an order behind the reset: the adopted step hears of orders', async () => {
    const { started, sentOf, eachSentOnce } = ownAssets();
    const campaign = await started();
    await sentOf(4);
    await reset(campaign.workflowId, startsStep('one'));
    await latest(campaign).executeUpdate('pause', { args: [{ by: 'ann' }] });
    await campaign.untilPhase('paused');
    await latest(campaign).executeUpdate('resume', { args: [{ by: 'ann' }] });
    expect(await reportOf(campaign)).toMatchObject({ status: 'succeeded', counts: { targeted: 8, succeeded: 8 } });
    eachSentOnce(8);
  });

  test.concurrent('as a step while its execution is in flight: its campaign waits for it, and nothing is sent twice', async () => {
    const { started, sentOf, eachSentOnce } = ownAssets();
    const campaign = await started();
    await sentOf(4);
    await reset(`${campaign.workflowId}/one/remediate`, schedules('dispatch'));
    expect(await reportOf(campaign)).toMatchObject({ status: 'succeeded', executions: 2, counts: { targeted: 8, succeeded: 8 } });
    eachSentOnce(8);
  });

  test.concurrent('as a step to its first event: opens the same cohort again', async () => {
    const { started, sentOf, eachSentOnce } = ownAssets();
    const campaign = await started();
    await sentOf(4);
    await reset(`${campaign.workflowId}/one/remediate`, schedules('openStep'));
    expect(await reportOf(campaign)).toMatchObject({ status: 'succeeded', executions: 2, counts: { targeted: 8, succeeded: 8 } });
    eachSentOnce(8);
  });

  test.concurrent.each(['dispatch', 'openRun'])(
    'as a run to before its %s while an execution is in flight: sends nothing twice',
    async (activity) => {
      const { first, sentOf, eachSentOnce } = ownAssets();
      const handle = await harness.start(requestFor(assetIds(first, 8)));
      await sentOf(8);
      await reset(handle.workflowId, schedules(activity));
      const report = await harness.env.client.workflow.getHandle(handle.workflowId).result();
      expect(report).toMatchObject({ status: 'succeeded', executions: 1, counts: { targeted: 8, succeeded: 8 } });
      eachSentOnce(8);
    },
  );

  test.concurrent('as a run that was stopped: watches what is in flight to its end', async () => {
    const { first, sentOf, eachSentOnce } = ownAssets();
    const handle = await harness.start(requestFor(assetIds(first, 8)));
    await sentOf(8);
    await harness.product.ledger.runs.stop(handle.workflowId, 'stopped', 'error-budget');
    await reset(handle.workflowId, schedules('openRun'));
    await harness.env.client.workflow.getHandle(handle.workflowId).result();
    expect(Object.values(outcomes(await harness.rows(handle.workflowId)))).toEqual(Array(8).fill('succeeded'));
    eachSentOnce(8);
  });

  test.concurrent('as a run that has its report: gives the same one', async () => {
    const { first, eachSentOnce } = ownAssets();
    const handle = await harness.start(requestFor(assetIds(first, 8)));
    const report = await handle.result();
    await reset(handle.workflowId, schedules('dispatch'));
    expect(await harness.env.client.workflow.getHandle(handle.workflowId).result()).toEqual(report);
    eachSentOnce(8);
  });

  const latest = ({ workflowId }: Campaign): WorkflowHandle<typeof remediationCampaign> =>
    harness.env.client.workflow.getHandle(workflowId);
  const reportOf = (campaign: Campaign) => latest(campaign).result();

  function ownAssets(): Own {
    const first = taken;
    taken += 10;
    const mine = new Set(ids(first, 10));
    const sent = () =>
      harness
        .sent(72648)
        .flat()
        .filter((id) => mine.has(id));
    return {
      first,
      sent,
      started: (more = {}) =>
        harness.campaign(planOf(first, 8, { waves: [{ name: 'one', size: 4 }, { name: 'two' }], deadline: '2m', ...more })),
      sentOf: (count) =>
        eventually(
          async () => sent().length,
          (n) => n === count,
        ),
      eachSentOnce: (count) => expect(sent().sort()).toEqual(ids(first, count)),
    };
  }

  function swept(): Promise<string[]> {
    const { ledger } = harness.product;
    return sweep({
      ...{ ledger, client: harness.env.client, namespace: harness.env.namespace, logger: { warn: () => undefined } },
      times: { youngestMs: 0 },
    });
  }

  const historyOf = async (workflowId: string): Promise<Event[]> =>
    (await harness.env.client.workflow.getHandle(workflowId).fetchHistory()).events ?? [];

  function startsStep(wave: string): (event: Event) => boolean {
    return (event) => event.startChildWorkflowExecutionInitiatedEventAttributes?.workflowId?.includes(`/${wave}/`) === true;
  }

  function schedules(activity: string): (event: Event) => boolean {
    return (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === activity;
  }

  /** As `temporal workflow reset` does, to the workflow task from which the first such event came. */
  async function reset(workflowId: string, isFirst: (event: Event) => boolean): Promise<void> {
    const events = await eventually(
      () => historyOf(workflowId),
      (seen) => seen.some(isFirst),
    );
    const task = events.slice(0, events.findIndex(isFirst)).findLast((event) => event.workflowTaskCompletedEventAttributes);
    const { runId } = await harness.env.client.workflow.getHandle(workflowId).describe();
    if (!task?.eventId) throw new Error(`Nothing to reset ${workflowId} to.`);
    await harness.env.client.workflowService.resetWorkflowExecution({
      namespace: harness.env.namespace,
      workflowExecution: { workflowId, runId },
      reason: 'the test',
      workflowTaskFinishEventId: task.eventId,
      requestId: randomUUID(),
    });
  }
});
