// What the tests of campaigns share beside the harness: plans that end soon, and ways to look at a campaign.
import { randomUUID } from 'node:crypto';
import type { Client, WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import type { CampaignPlanInput } from '../../../src/contracts/plan.js';
import type { CampaignReport } from '../../../src/domain/campaign/status.js';
import type { remediationCampaign } from '../../../src/workflows/index.js';
import { type Progress, progress } from '../../../src/workflows/shared/messages.js';
import {
  assetIds,
  eventually,
  failureOf,
  openProductHarness,
  type ProductHarness,
  type ProductHarnessOptions,
} from '../product-harness.js';

export interface Campaign {
  workflowId: string;
  handle: WorkflowHandleWithFirstExecutionRunId<typeof remediationCampaign>;
  report(): Promise<CampaignReport>;
  progress(): Promise<Progress>;
  /** The progress as soon as it is so. */
  until(holds: (seen: Progress) => boolean): Promise<Progress>;
  untilPhase(phase: string): Promise<Progress>;
  /** Outcome, or outcome and reason, by asset id. */
  outcomes(): Promise<Record<string, string>>;
}

export interface CampaignHarness extends ProductHarness {
  campaign(plan: unknown, options?: { client?: Client; workflowId?: string }): Promise<Campaign>;
  /** Assets by the executions of this script, in their order. */
  sent(scriptId: number): string[][];
  scriptReads(): number;
}

/** To be called in `beforeAll`, with 120 s. What is still running at the end is terminated, its steps too. */
export async function openCampaignHarness(name: string, options: ProductHarnessOptions = {}): Promise<CampaignHarness> {
  const harness = await openProductHarness(name, options);
  const started: Campaign[] = [];
  return {
    ...harness,
    async campaign(plan, { client = harness.env.client, workflowId = `${name}-${randomUUID()}` } = {}) {
      const handle = await client.workflow.start<typeof remediationCampaign>('remediationCampaign', {
        workflowId,
        taskQueue: harness.taskQueue,
        args: [plan],
      });
      const poll = () => handle.query(progress);
      const until: Campaign['until'] = (holds) => eventually(poll, holds);
      const campaign: Campaign = {
        ...{ workflowId, handle, progress: poll, until },
        report: () => handle.result(),
        untilPhase: (phase) => until((seen) => seen.phase === phase),
        outcomes: async () =>
          Object.fromEntries(
            (await harness.rows(workflowId)).map(({ assetId, outcome, reason }) => [assetId, reason ? `${outcome}: ${reason}` : outcome]),
          ),
      };
      started.push(campaign);
      return campaign;
    },
    sent: (scriptId) =>
      harness.product.simulator.state.executions.filter((one) => one.scriptId === String(scriptId)).map(({ assetIds: ids }) => ids),
    scriptReads: () => harness.product.simulator.state.calls.filter(({ path }) => /\/scripts\/\d+$/.test(path)).length,
    async close() {
      for (const { workflowId } of started) {
        const steps = await harness.product.ledger.campaigns.openSteps(workflowId).catch(() => []);
        for (const id of [workflowId, ...steps])
          await harness.env.client.workflow
            .getHandle(id)
            .terminate('the test is over')
            .catch(() => undefined);
      }
      await harness.close();
    },
  };
}

/** A harness of its own for one test, so that tests which mostly wait can do so side by side (`test.concurrent`). */
export async function withCampaignHarness(
  name: string,
  options: ProductHarnessOptions,
  play: (harness: CampaignHarness) => Promise<void>,
): Promise<void> {
  const harness = await openCampaignHarness(name, options);
  try {
    await play(harness);
  } finally {
    await harness.close();
  }
}

/** A plan over so many assets from that place of the fleet on, which lets the campaign end soon. */
export function planOf(first: number, count: number, more: Partial<CampaignPlanInput> = {}): CampaignPlanInput {
  return {
    name: 'openssl',
    targets: { assetIds: assetIds(first, count) },
    steps: { remediate: 72648 },
    poll: { interval: '1s' },
    deadline: '1m',
    ...more,
  };
}

export function ids(first: number, count: number): string[] {
  return assetIds(first, count).map(String);
}

export function failureOfCampaign({ handle }: Campaign): ReturnType<typeof failureOf> {
  return failureOf(handle);
}

/** Sum of all counts but `targeted`, and the smallest of them. */
export function sumOf({ counts: { targeted: _targeted, ...counts } }: Progress): { sum: number; least: number } {
  const values = Object.values(counts);
  return { sum: values.reduce((total, value) => total + value, 0), least: Math.min(...values) };
}
