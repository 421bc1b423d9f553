import { loadConfigFile } from '../../contracts/config/file.js';
import { NOT_JOINED, readNotJoined } from '../../domain/targets/join-record.js';
import { isKnown, observe } from '../../runs/observe.js';
import { type PolicyInForce, type Shown, shownJson, withoutLaterStart } from '../../runs/shown.js';
import { type Sources, unknownRun, withSources } from '../data/sources.js';
import { inForceOf, inForceText } from '../doctor/policy-in-force.js';
import { command } from '../heads.js';
import { EXIT, type Invocation, writeJson, writeLine } from '../invocation/context.js';
import { painter } from '../terminal/paint.js';
import { tableRoom } from '../terminal/table.js';
import { haltText } from '../views/kill-switch.js';
import { auditLines, factLines, notJoinedLines, stateLines } from '../views/run-lines.js';

export function showCommand(invocation: Invocation) {
  return command('show')
    .argument('<id>', 'workflow id')
    .action(async (workflowId) => {
      await withSources(invocation, async (sources) => {
        const seen = await observe(sources, workflowId);
        if (!isKnown(seen)) throw unknownRun(workflowId);
        const entries = (await sources.ledger?.audit.of(workflowId)) ?? [];
        const audit = entries.filter(({ action }) => action !== NOT_JOINED);
        const shown = {
          ...withoutLaterStart(seen),
          audit,
          notJoined: readNotJoined(entries),
          halted: await sources.ledger?.killSwitch.state(),
          policy: await policyShown(invocation, sources),
          warnings: (await sources.ledger?.runs.warnings(workflowId)) ?? [],
        };
        if (invocation.json) return writeJson(invocation.stdout, shownJson(shown));
        await print(invocation, shown);
      });
      invocation.exitCode = EXIT.done;
    });
}

/** What the workers have; whether it is what the configuration here says is told where that can be read. */
async function policyShown({ env }: Invocation, { ledger }: Sources): Promise<PolicyInForce | undefined> {
  const holds = await ledger?.policies.newest();
  const own = loadConfigFile(undefined, env);
  return holds && inForceOf(holds, own.ok ? own.value.policy : undefined);
}

async function print(
  { stdout, stderr, env }: Invocation,
  { seen, laterStart, audit, notJoined, halted, policy, warnings }: Shown,
): Promise<void> {
  const paint = painter(stdout, env);
  const room = tableRoom(stdout);
  const lines = [
    ...stateLines(seen, { room, halted: halted && haltText(halted) }),
    ...notJoinedLines(notJoined, room),
    // A report has them itself.
    ...(seen.end?.kind === 'report' ? [] : warnings.flatMap((warning) => factLines(['warning', warning, 'warn'], room))),
    ...(policy ? factLines(['policy', `the workers use ${inForceText(policy)}`, policy.differs ? 'bad' : 'soft'], room) : []),
    ...audit.flatMap((entry) => auditLines(entry, room)),
  ];
  for (const line of lines) await writeLine(stdout, paint(line));
  if (laterStart) await writeLine(stderr, `Note: a later start under this id failed: ${laterStart.message}`);
  if (seen.trouble) await writeLine(stderr, `Note: ${seen.trouble}`);
}
