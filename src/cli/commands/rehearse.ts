// `overhaul rehearse FILE`: a campaign from its first wave to its last verdict in a minute, by the real workflows, against a simulated
// gateway.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { CampaignPlan } from '../../contracts/plan.js';
import type { Policy } from '../../contracts/policy.js';
import { durationMs } from '../../domain/clock/duration.js';
import { toldInstant } from '../../domain/clock/instant.js';
import type { Assumptions, AssumptionTexts, Curves } from '../../rehearsal/assumptions.js';
import { policyOf } from '../dry-run/run.js';
import { command } from '../heads.js';
import { CommandFailed, EXIT, type ExitCode, type Invocation, writeJson } from '../invocation/context.js';
import { settingsOf } from '../invocation/settings.js';
import { readPlanFile } from '../starting/plan-file.js';
import { writeRehearsal } from '../views/rehearsal-table.js';
import { planCampaign } from './plan.js';

interface RehearseOptions extends AssumptionTexts {
  assets?: string | undefined;
  tag?: string[] | undefined;
  like?: string | undefined;
  seed?: string | undefined;
  at?: string | undefined;
  approveAfter: string;
  resumeAfter: string;
  onBreach: string;
  longest: string;
}

const BUNDLE = fileURLToPath(new URL('../../workflow-bundle.js', import.meta.url));

export function rehearseCommand(invocation: Invocation) {
  return command('rehearse')
    .argument('<file>', 'the plan as YAML or JSON')
    .optionsGroup('Cohort (default: resolved from Qualys, as `plan` does):')
    .option('--assets <n>', 'number of assets')
    .option('--tag <id=n>', 'how many of them have the tag of a wave (repeatable)', (value: string, known: string[] = []) => [
      ...known,
      value,
    ])
    .optionsGroup('Asset behavior:')
    .option('--like <run id>', 'like this earlier run or campaign of the ledger; the options below override it')
    .option('--fail <share>', 'share of assets on which the script fails, such as 2% (default: 0%)')
    .option('--lost <share>', 'share of assets whose result is lost (default: 0%)')
    .option('--offline <share[:time]>', 'share of assets offline, and for how long: 7% (for good), 7%:3d, 7%:1d..10d (default: 0%)')
    .option('--duration <time>', 'duration of an execution, such as 5m or 1m..5m (default: 1m..5m)')
    .option('--interval <time>', 'interval between executions of a script (default: the policy, else 1m)')
    .option('--seed <n>', 'seed that decides which assets fail or are offline (default: 1)')
    .optionsGroup('Human responses:')
    .option('--approve-after <time>', 'time until an approval is given', '1h')
    .option('--on-breach <word>', 'response to a breach: resume or stop', 'resume')
    .option('--resume-after <time>', 'time until the response to a breach or an inconclusive wave', '1h')
    .optionsGroup('When:')
    .option('--at <instant>', 'start at this instant, ISO 8601 (default: now)')
    .option('--longest <time>', 'give up if it is not done by then', '365d')
    .action(async (file, options) => {
      invocation.exitCode = await rehearse(invocation, file, options);
    });
}

/** 0 when it would succeed, 1 when it would end otherwise. */
async function rehearse(invocation: Invocation, file: string, options: RehearseOptions): Promise<ExitCode> {
  const { plan } = readPlanFile(invocation, file);
  const policy = policyOf(invocation);
  const { findTestServer, NO_TEST_SERVER } = await import('../../rehearsal/test-server.js');
  const executable = findTestServer(invocation.env);
  if (executable === undefined) throw new CommandFailed(EXIT.usage, NO_TEST_SERVER);
  const curves = await curvesOf(invocation, options, policy);
  const { size, tagSizes } = await cohortOf(invocation, plan, options);
  const assumptions: Assumptions = { ...curves, assets: size, seed: wholeNumber('--seed', options.seed ?? '1') };
  const { rehearsedPlan } = await import('../../rehearsal/plan.js');
  const { rehearse: play } = await import('../../rehearsal/run.js');
  const { endRuntime, installRuntime } = await import('../../temporal/runtime.js');
  const { createLogger } = await import('../../temporal/logger.js');
  installRuntime(createLogger('fatal', 'rehearsal', process.stderr));
  const interrupted = new AbortController();
  const release = invocation.onInterrupt(() => interrupted.abort());
  const progress = progressLine(invocation);
  try {
    const rehearsal = await play({
      ...asUsage(() => rehearsedPlan({ plan, policy }, assumptions, tagSizes)),
      startsAt: options.at === undefined ? invocation.now() : instant(options.at),
      answers: {
        approveAfterMs: duration('--approve-after', options.approveAfter),
        resumeAfterMs: options.onBreach === 'stop' ? undefined : duration('--resume-after', options.resumeAfter),
      },
      executable,
      bundle: existsSync(BUNDLE) ? BUNDLE : undefined,
      longestMs: duration('--longest', options.longest),
      onProgress: progress.say,
      signal: interrupted.signal,
    });
    progress.clear();
    if (invocation.json) await writeJson(invocation.stdout, { assumptions, ...rehearsal });
    else await writeRehearsal(invocation, rehearsal, assumptions);
    return rehearsal.status === 'succeeded' ? EXIT.done : EXIT.notSucceeded;
  } catch (error) {
    throw interrupted.signal.aborted ? new CommandFailed(EXIT.interrupted, 'Interrupted.') : error;
  } finally {
    progress.clear();
    release();
    await endRuntime();
  }
}

async function curvesOf(invocation: Invocation, options: RehearseOptions, policy: Policy): Promise<Curves> {
  const { parseAssumptions, USUAL_CURVES } = await import('../../rehearsal/assumptions.js');
  let known: Curves = { ...USUAL_CURVES };
  if (options.like !== undefined) {
    const { withLedger } = await import('../data/ledger-access.js');
    const { curvesOfRun } = await import('../../rehearsal/curves-of-run.js');
    const runId = options.like;
    const found = await withLedger(invocation, (ledger) => curvesOfRun(ledger, runId));
    if (!found) throw new CommandFailed(EXIT.usage, `No run ${runId} in this ledger has sent anything. List runs with: overhaul list`);
    known = found;
  }
  const parsed = parseAssumptions(options, { ...known, executeIntervalMs: policy.executeIntervalMs ?? known.executeIntervalMs });
  if (!parsed.ok) throw new CommandFailed(EXIT.usage, parsed.problems.map(({ path, problem }) => `${path} ${problem}`).join('\n'));
  return parsed.value;
}

async function cohortOf(
  invocation: Invocation,
  plan: CampaignPlan,
  { assets, tag = [] }: RehearseOptions,
): Promise<{ size: number; tagSizes: Map<string, number> }> {
  const tagSizes = new Map(tag.map(tagSize));
  if (assets !== undefined) return { size: wholeNumber('--assets', assets), tagSizes };
  if (!settingsOf(invocation).qualys) {
    const { assetIds = [], hostnames, assetTagIds, query } = plan.targets;
    if (hostnames || assetTagIds || query)
      throw new CommandFailed(
        EXIT.usage,
        'QUALYS_* are not set here, so the size of the cohort is unknown. Give it with --assets, for example --assets 1000.',
      );
    return { size: new Set(assetIds).size, tagSizes };
  }
  const { cohort, waves } = await planCampaign(invocation, plan);
  for (const [index, { tag: id }] of plan.waves.entries())
    if (id !== undefined && !tagSizes.has(id)) tagSizes.set(id, waves[index]?.size ?? 0);
  return { size: cohort.size, tagSizes };
}

function tagSize(text: string): [string, number] {
  const [id = '', size = ''] = text.split('=');
  return [id.trim(), wholeNumber('--tag', size)];
}

function wholeNumber(option: string, text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < 0 || value > 1_000_000)
    throw new CommandFailed(EXIT.usage, `${option} ${text}: must be a whole number up to 1,000,000.`);
  return value;
}

function duration(option: string, text: string): number {
  const ms = durationMs(text);
  if (ms === undefined) throw new CommandFailed(EXIT.usage, `${option} ${text}: must be a duration such as 90s, 15m, 4h or 7d.`);
  return ms;
}

function instant(text: string): number {
  const at = toldInstant(text);
  if (at === undefined) throw new CommandFailed(EXIT.usage, `--at ${text}: must be an instant such as 2026-10-15T09:00:00Z.`);
  return at;
}

function asUsage<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof RangeError ? new CommandFailed(EXIT.usage, error.message) : error;
  }
}

/** On a terminal: where the rehearsed clock is, in one line that is written over. */
function progressLine({ stderr, json }: Invocation): { say: (now: number) => void; clear: () => void } {
  const isShown = stderr.isTerminal && !json;
  return {
    say: (now) => {
      if (isShown) void stderr.write(`\r\x1b[Krehearsing ${new Date(now).toISOString().slice(0, 16).replace('T', ' ')} UTC`);
    },
    clear: () => {
      if (isShown) void stderr.write('\r\x1b[K');
    },
  };
}
