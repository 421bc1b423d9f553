import { loadConfigFile } from '../../contracts/config/file.js';
import { NOT_JOINED, type NotJoinedList, readNotJoined } from '../../domain/targets/join-record.js';
import type { WaveView } from '../../ledger/reads/campaign-view.js';
import type { AuditEntry } from '../../ledger/rows/audit.js';
import type { HaltState } from '../../ledger/runs/kill-switch.js';
import { isKnown, type Observation, observe, type Sources, unknownRun, withSources } from '../data/sources.js';
import { inForceOf, inForceText, type PolicyInForce } from '../doctor/policy-in-force.js';
import { command } from '../heads.js';
import { EXIT, type Invocation, writeJson, writeLine } from '../invocation/context.js';
import type { RunEnd } from '../invocation/temporal-runs.js';
import { painter } from '../terminal/paint.js';
import { tableRoom } from '../terminal/table.js';
import { haltJson, haltText } from '../views/kill-switch.js';
import { auditLines, factLines, notJoinedLines, stateLines, stateWord } from '../views/run-lines.js';

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
        if (invocation.json) return writeJson(invocation.stdout, asJson(shown));
        await print(invocation, shown);
      });
      invocation.exitCode = EXIT.done;
    });
}

interface Shown {
  seen: Observation;
  /** How a later start under the same id failed. */
  laterStart?: Extract<RunEnd, { kind: 'failed' }> | undefined;
  /** Without those that hold the list beside it. */
  audit: readonly AuditEntry[];
  notJoined: NotJoinedList;
  halted: HaltState | undefined;
  policy: PolicyInForce | undefined;
  warnings: readonly string[];
}

/** What the workers have; whether it is what the configuration here says is told where that can be read. */
async function policyShown({ env }: Invocation, { ledger }: Sources): Promise<PolicyInForce | undefined> {
  const holds = await ledger?.policies.newest();
  const own = loadConfigFile(undefined, env);
  return holds && inForceOf(holds, own.ok ? own.value.policy : undefined);
}

/** Temporal shows the newest workflow of an id, and that may be one that was refused because the id has had its run. */
function withoutLaterStart(seen: Observation): Pick<Shown, 'seen' | 'laterStart'> {
  const { end, view } = seen;
  if (end?.kind !== 'failed' || end.type !== 'AlreadyRun' || !view?.run.report) return { seen };
  return { seen: { ...seen, end: { kind: 'report', report: view.run.report } }, laterStart: end };
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

function asJson({ seen, laterStart, audit, notJoined, halted, policy, warnings }: Shown) {
  const { workflowId, end, progress, question, view, workflow } = seen;
  const failure = end?.kind === 'failed' ? end : laterStart;
  return {
    workflowId,
    state: stateWord(seen),
    ...(workflow ? { workflow } : {}),
    ...(view ? { script: view.run.script, cohort: view.run.cohort, request: view.run.request } : {}),
    ...(view?.waves ? { waves: view.waves.map(asWaveJson) } : {}),
    ...(progress && !end ? { progress } : {}),
    ...(question ? { question } : {}),
    ...(halted ? { halted: haltJson(halted) } : {}),
    ...(end?.kind === 'report' ? { report: end.report } : {}),
    ...(failure ? { failure: { type: failure.type, message: failure.message, problems: failure.problems } } : {}),
    ...(notJoined.count > 0 ? { notJoined } : {}),
    ...(policy ? { policy } : {}),
    ...(warnings.length > 0 ? { warnings } : {}),
    audit: audit.map(({ at, ...entry }) => ({ at: new Date(at).toISOString(), ...entry })),
  };
}

function asWaveJson({ waveNo, openedAt, closedAt, ...wave }: WaveView) {
  const instant = (at: number | undefined): string | undefined => (at === undefined ? undefined : new Date(at).toISOString());
  return { number: waveNo, ...wave, openedAt: instant(openedAt), closedAt: instant(closedAt) };
}
