// `overhaul start FILE`: a campaign, from the plan that `overhaul plan` shows.

import { newCampaignId } from '../../runs/new-workflow-id.js';
import { command } from '../heads.js';
import { CommandFailed, EXIT, type ExitCode, type Invocation } from '../invocation/context.js';
import { type SayOnInterrupt, tellingInterrupt } from '../invocation/interrupted.js';
import { settingsOf } from '../invocation/settings.js';
import { type PlanFile, readPlanFile } from '../starting/plan-file.js';
import { NOTHING_STARTED, startAndShow } from '../starting/workflow.js';
import { planCampaign } from './plan.js';

interface StartOptions {
  watch?: true | undefined;
  /** False with `--no-wait`. */
  wait: boolean;
  id?: string | undefined;
  digest?: string | undefined;
}

export function startCommand(invocation: Invocation) {
  return command('start')
    .argument('<file>', 'the plan as YAML or JSON')
    .option('--id <workflow id>', 'each id can be used once (default: generated)')
    .option('--digest <hex>', 'start only if the plan has this digest (`overhaul plan` prints it)')
    .option('--no-wait', 'do not wait until a worker has opened it: a refusal is then seen with `overhaul show` only')
    .option('--watch', 'wait for completion and show progress')
    .action(async (file, options) => {
      invocation.exitCode = await tellingInterrupt(invocation, NOTHING_STARTED, (say) => start(invocation, { file, options, say }));
    });
}

async function start(
  invocation: Invocation,
  { file, options, say }: { file: string; options: StartOptions; say: SayOnInterrupt },
): Promise<ExitCode> {
  const { watch, wait, id, digest } = options;
  const planned = readPlanFile(invocation, file);
  const { taskQueue } = settingsOf(invocation);
  if (digest !== undefined) await refuseOtherPlan(invocation, { file, planned, digest });
  const workflowId = id ?? newCampaignId(planned.plan.name);
  const ask = { workflow: 'remediationCampaign', workflowId, input: planned.input, taskQueue } as const;
  return startAndShow(invocation, ask, { until: watch ? 'ended' : wait ? 'opened' : 'started', say });
}

/** Scripts, cohort and waves as they are now: whatever differs from what was checked makes another digest. */
async function refuseOtherPlan(
  invocation: Invocation,
  { file, planned, digest }: { file: string; planned: PlanFile; digest: string },
): Promise<void> {
  const now = await planCampaign(invocation, planned.plan);
  if (now.digest === digest.trim().toLowerCase()) return;
  const [refusal] = now.refused ?? [];
  const found = refusal ? `it would be refused: ${refusal.type}: ${refusal.message}` : `its digest is ${now.digest ?? 'none'}`;
  throw new CommandFailed(
    EXIT.notSucceeded,
    `The plan ${file} does not match digest ${digest}: ${found}. Nothing was started. Review it with: overhaul plan ${file}`,
  );
}
