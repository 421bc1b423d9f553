// `overhaul plan FILE`: what a campaign would do, found out by the code that opens campaigns. Nothing is sent, and nothing is entered.
import type { CampaignPlan } from '../../contracts/plan.js';
import { withKnown } from '../data/ledger-access.js';
import { policyOfWorkers } from '../doctor/policy-in-force.js';
import { asRefusal, easmOf, MAX_WAIT_MS, policyOf } from '../dry-run/run.js';
import { command } from '../heads.js';
import { EXIT, type ExitCode, type Invocation, writeJson, writeLine } from '../invocation/context.js';
import { budgetLeft } from '../plan/budget.js';
import { type PlanDocument, planDocument } from '../plan/document.js';
import { planLines } from '../plan/lines.js';
import { readPlanFile } from '../starting/plan-file.js';
import { painter } from '../terminal/paint.js';
import { tableRoom } from '../terminal/table.js';

export function planCommand(invocation: Invocation) {
  return command('plan')
    .argument('<file>', 'the plan as YAML or JSON')
    .action(async (file) => {
      invocation.exitCode = await printPlan(invocation, file);
    });
}

/**
 * As the campaign itself would exit: 0, or 1 where it would be refused or never end; 2 for a wrong plan or targets that cannot be resolved;
 * 3 without Qualys.
 */
async function printPlan(invocation: Invocation, file: string): Promise<ExitCode> {
  const { plan } = readPlanFile(invocation, file);
  const document = await planCampaign(invocation, plan);
  if (invocation.json) await writeJson(invocation.stdout, document);
  else {
    const paint = painter(invocation.stdout, invocation.env);
    for (const line of planLines(document, { room: tableRoom(invocation.stdout), file })) await writeLine(invocation.stdout, paint(line));
  }
  return document.refused || document.forecast.endsAt === undefined ? EXIT.notSucceeded : EXIT.done;
}

/** Resolves the plan as it stands now. Throws `CommandFailed` for targets that cannot be resolved, and without Qualys. */
export async function planCampaign(invocation: Invocation, plan: CampaignPlan): Promise<PlanDocument> {
  const { withQualys } = await import('../qualys/output/connection.js');
  const { withResolvedPlan } = await import('../plan/resolve.js');
  const { countingCalls } = await import('../dry-run/calls.js');
  const { askingAs } = await import('../dry-run/asking.js');
  const { busyWarnings } = await import('../dry-run/busy.js');
  const policy = (await policyOfWorkers(invocation))?.policy ?? policyOf(invocation);
  return withQualys(invocation, { wait: MAX_WAIT_MS }, async (link) => {
    const counted = countingCalls(link.qualys);
    try {
      return await withKnown(invocation, (known) => {
        const from = { known: known.copies, asking: askingAs(link, known), serverClock: link.clock };
        const using = { qualys: counted.qualys, policy, signal: link.signal, ...from };
        return withResolvedPlan(using, plan, async (resolved) => {
          const openingCalls = counted.calls();
          const easm = await easmOf(counted.qualys, plan);
          const scriptIds = Object.values(resolved.scripts).map(({ id }) => id);
          const budget = await budgetLeft(invocation, policy, scriptIds);
          const busy = await busyWarnings(known, resolved.ledger.reader.allAssets(resolved.campaignId), plan.conflict);
          const warned = { ...resolved, warnings: [...resolved.warnings, ...busy] };
          return planDocument({ plan, resolved: warned, budget, policy, easm, openingCalls, now: invocation.now() });
        });
      });
    } catch (error) {
      throw asRefusal(error);
    }
  });
}
