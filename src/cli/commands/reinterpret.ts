// `overhaul reinterpret`: what a run would have come to by other rules, from what the ledger has of it. It changes nothing, and asks nobody.
import { readFileSync } from 'node:fs';
import { Option } from '@commander-js/extra-typings';
import { problemLines, problemsOf } from '../../contracts/problems.js';
import { VerdictSchema } from '../../contracts/verdict.js';
import { CAMPAIGN_STEPS, type CampaignStepName } from '../../domain/campaign/step.js';
import type { AssetRow, FinalOutcome } from '../../domain/run/outcome.js';
import { lastWord } from '../../domain/verdict/asset-job.js';
import { hear } from '../../domain/verdict/hear.js';
import { type Judged, judge } from '../../domain/verdict/judge.js';
import { type Judging, judgingBy, type VerdictRules } from '../../domain/verdict/rules.js';
import type { Ledger } from '../../ledger/index.js';
import type { RunRow } from '../../ledger/rows/run.js';
import { withLedger } from '../data/ledger-access.js';
import { unknownRun } from '../data/sources.js';
import { command } from '../heads.js';
import { CommandFailed, EXIT, type Invocation, writeJson, writeLine } from '../invocation/context.js';
import { verdictFile } from '../starting/verdict-file.js';
import { counted } from '../terminal/count-text.js';
import { OUTCOME_STYLE } from '../terminal/paint.js';
import { type Column, writeTable } from '../terminal/table.js';

interface Change {
  assetId: string;
  name?: string | undefined;
  /** The step's run, of a campaign. */
  runId: string;
  was: { outcome: string; reason?: string | undefined; rule?: string | undefined };
  wouldBe: Judged;
}

interface Reading {
  /** Assets whose asset job has ended. */
  ended: number;
  /** Those among them that the rules ask for an output of which none was stored. */
  withoutOutput: number;
  changes: Change[];
}

const COLUMNS: readonly Column<Change>[] = [
  { title: 'ASSET', text: ({ assetId }) => assetId },
  { title: 'NAME', text: ({ name }) => name ?? '', isEmpty: ({ name }) => name === undefined, flexible: true },
  { title: 'WAS', text: ({ was }) => was.outcome },
  { title: 'WOULD BE', text: ({ wouldBe }) => wouldBe.outcome, style: ({ wouldBe }) => OUTCOME_STYLE[wouldBe.outcome] },
  { title: 'RULE', text: ({ wouldBe }) => wouldBe.rule },
  { title: 'REASON', text: ({ wouldBe }) => wouldBe.reason ?? '', isEmpty: ({ wouldBe }) => wouldBe.reason === undefined, flexible: true },
];

export function reinterpretCommand(invocation: Invocation) {
  return command('reinterpret')
    .argument('<id>', 'workflow id of a run, a step or a campaign')
    .requiredOption('--verdict <file>', 'the rules as YAML or JSON')
    .addOption(new Option('--step <word>', 'of a campaign: which of its steps').choices(CAMPAIGN_STEPS).default('remediate' as const))
    .action(async (workflowId, { verdict, step }) => {
      const rules = rulesIn(verdict);
      await withLedger(invocation, async (ledger) => {
        const reading: Reading = { ended: 0, withoutOutput: 0, changes: [] };
        for (const run of await runsMeant(ledger, workflowId, step)) await reinterpret(ledger, { run, rules }, reading);
        await show(invocation, workflowId, reading);
      });
      invocation.exitCode = EXIT.done;
    });
}

function rulesIn(path: string): VerdictRules {
  const { content, problems, located } = verdictFile(path, (file) => readFileSync(file, 'utf8'));
  const parsed = VerdictSchema.safeParse(content);
  const all = problems.length > 0 ? problems : parsed.success ? [] : located(problemsOf(parsed.error, VerdictSchema));
  if (!parsed.success || all.length > 0)
    throw new CommandFailed(EXIT.usage, [`The verdict ${path} has ${counted(all.length, 'problem')}.`, ...problemLines(all)].join('\n'));
  return parsed.data;
}

async function runsMeant(ledger: Ledger, id: string, step: CampaignStepName): Promise<RunRow[]> {
  const run = await ledger.runs.get(id);
  if (!run) throw unknownRun(id);
  if (run.kind !== 'campaign') return [run];
  const steps = (await ledger.campaigns.steps(id)).filter((one) => one.step === step);
  const rows = await Promise.all(steps.map((one) => ledger.runs.get(one.id)));
  return rows.flatMap((row) => row ?? []);
}

async function reinterpret(ledger: Ledger, { run, rules }: { run: RunRow; rules: VerdictRules }, reading: Reading): Promise<void> {
  const judging = judgingBy(rules, run.campaign?.step);
  for await (const row of ledger.reader.allAssets(run.id)) {
    const own = wordOf(row);
    if (!own) continue;
    reading.ended += 1;
    const wouldBe = await judged(ledger, { run, row, judging, own });
    if (!wouldBe) reading.withoutOutput += 1;
    else if (wouldBe.outcome !== row.outcome)
      reading.changes.push({
        ...{ assetId: row.assetId, name: row.name, runId: run.id, wouldBe },
        was: { outcome: row.outcome, reason: row.reason, rule: row.rule },
      });
  }
}

/** Qualys' own word, where its last is known: of an asset that is still watched, or was never sent to, it is not. */
function wordOf({ outcome, status, exitCode, finishedAt, rule }: AssetRow): { outcome: FinalOutcome; reason?: string } | undefined {
  if (status === undefined || outcome === 'pending' || outcome === 'running' || outcome === 'unreachable') return undefined;
  const word = lastWord({ status, exitCode, finishedAt: finishedAt === undefined ? undefined : Date.parse(finishedAt) });
  // A rule decided: it had ended, by an instant that the row does not show.
  return word ?? (rule === undefined ? undefined : { outcome: 'unverified', reason: 'unknown-status' });
}

/** Undefined where it would need an output that was not stored. */
async function judged(
  ledger: Ledger,
  { run, row, judging, own }: { run: RunRow; row: AssetRow; judging: Judging; own: NonNullable<ReturnType<typeof wordOf>> },
): Promise<Judged | undefined> {
  if (judging.output.length === 0) return judge(row, own, judging, undefined);
  const output = row.outputBytes === undefined ? undefined : await ledger.outputs.read(run.id, row.assetId);
  return output && judge(row, own, judging, hear(output, judging));
}

async function show(invocation: Invocation, workflowId: string, { ended, withoutOutput, changes }: Reading): Promise<void> {
  if (invocation.json) return writeJson(invocation.stdout, { id: workflowId, ended, withoutOutput, changes });
  if (changes.length > 0) await writeTable(invocation, COLUMNS, inOne(changes));
  const lacking = withoutOutput === 0 ? '' : ` ${counted(withoutOutput, 'asset')} cannot be judged: the output was not stored.`;
  await writeLine(
    invocation.stderr,
    `${changes.length} of ${counted(ended, 'asset')} whose script has ended would have another outcome.${lacking} Nothing was changed, nothing was sent.`,
  );
}

async function* inOne(changes: Change[]): AsyncGenerator<Change[]> {
  yield changes;
}
