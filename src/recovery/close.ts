// How the sweep ends what is left of a run: by the kind of run it is. A campaign ends behind its steps, whose last words it takes over.
import { createCloseCampaign } from '../activities/campaign/close.js';
import { createCloseRun } from '../activities/run/close.js';
import type { CampaignReport } from '../domain/campaign/status.js';
import type { RunRow } from '../ledger/rows/run.js';
import type { SweepDependencies } from './dependencies.js';
import { type WorkflowFate, wasIssued } from './workflow-fate.js';

/** False when the campaign has steps that are still alive: they are cancelled, collect for a minute, and the next sweep closes it. */
export async function closeGone(dependencies: SweepDependencies, run: RunRow, fate: WorkflowFate): Promise<boolean> {
  const { ledger, logger } = dependencies;
  // From here on no permit is granted, so nothing is sent while the assets get their last word.
  await ledger.runs.stop(run.id, 'stopped', 'interrupted');
  const { issued, report, steps } = fate.kind === 'ended' ? fate : {};
  // Before a campaign's steps are waited for: others may be about to send what it has forgotten.
  await ledger.staleness.isStale(run.id, issued);
  const terms = { runId: run.id, reason: 'interrupted', issued };
  if (run.kind === 'campaign') {
    const open = await ledger.campaigns.openSteps(run.id);
    for (const step of open) await cancel(dependencies, step);
    if (open.length > 0) return false;
    const staleLedger = await lacksAStep(dependencies, run.id, steps);
    await createCloseCampaign({ ledger }).closeCampaign({ ...terms, staleLedger, report: report as CampaignReport | undefined });
  } else {
    await createCloseRun({ ledger }).closeRun({ ...terms, report });
  }
  await ledger.audit.add(run.id, { action: 'interrupted', detail: 'its workflow is gone: closed by the sweep' });
  logger.warn({ runId: run.id }, 'the workflow of this run is gone: its report says what is known');
  if (run.campaign) await tellCampaign(dependencies, run.campaign.id, run.id);
  return true;
}

/** A step that is alive after its campaign has its report would wait for verdicts that nobody asks for. */
export async function endIfOrphan(dependencies: SweepDependencies, run: RunRow): Promise<void> {
  if (!run.campaign) return;
  const campaign = await dependencies.ledger.runs.get(run.campaign.id);
  if (campaign?.finishedAt !== undefined) await cancel(dependencies, run.id);
}

/** A ledger that was restored from a backup may lack whole steps, which have sent. */
async function lacksAStep({ ledger, client }: SweepDependencies, runId: string, steps: readonly string[] = []): Promise<boolean> {
  const known = new Set((await ledger.campaigns.steps(runId)).map(({ id }) => id));
  for (const step of steps) if (!known.has(step) && (await wasIssued(client, step))) return true;
  return false;
}

async function cancel({ client }: SweepDependencies, workflowId: string): Promise<void> {
  await client.workflow
    .getHandle(workflowId)
    .cancel()
    .catch(() => undefined);
}

/** A campaign that has continued as new since it started the step is not told by Temporal that the step has ended. */
async function tellCampaign({ client }: SweepDependencies, campaignId: string, runId: string): Promise<void> {
  await client.workflow
    .getHandle(campaignId)
    .signal('stepNews', { runId, word: 'finished' })
    .catch(() => undefined);
}
