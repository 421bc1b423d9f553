// `overhaul run --dry-run`: what a run would do, found out by the code that opens runs. No execution is sent, and no run is entered.

import { createHash } from 'node:crypto';
import type { easmState } from '../../activities/opening/easm-gate.js';
import { describeEnvironmentProblems } from '../../contracts/config/environment.js';
import { loadConfigFile } from '../../contracts/config/file.js';
import type { Policy } from '../../contracts/policy.js';
import type { RemediationRequest } from '../../contracts/request.js';
import { mostInFlight } from '../../domain/polling/in-flight.js';
import { holdersText } from '../../domain/run/waits-for.js';
import type { ScriptHint } from '../../domain/scripts/hints.js';
import { hostsIn, type NotJoinedList, notJoinedText } from '../../domain/targets/join-record.js';
import type { PolicyInForce } from '../../runs/shown.js';
import { withKnown } from '../data/ledger-access.js';
import { inForceOf, inForceText, policyOfWorkers } from '../doctor/policy-in-force.js';
import { CommandFailed, EXIT, type ExitCode, type Invocation, writeJson, writeLine } from '../invocation/context.js';
import { settingsOf } from '../invocation/settings.js';
import { counted } from '../terminal/count-text.js';
import { type Line, painter } from '../terminal/paint.js';
import { safeLine } from '../terminal/text.js';
import { busyWarnings } from './busy.js';
import { type Cost, costOf, type PlannedByTags } from './cost.js';
import { hintsOf, hintText } from './hints.js';
import type { Resolved } from './resolve.js';

/** How long one call may wait for the limits: whoever asks for a plan has a minute or two. */
export const MAX_WAIT_MS = 120_000;
const ASSETS_SHOWN = 20;

/** As the run itself would exit: 0, or 1 where it would be refused; 2 for targets that cannot be resolved; 3 without Qualys. */
export async function printDryRun(invocation: Invocation, request: RemediationRequest): Promise<ExitCode> {
  const { qualys } = settingsOf(invocation);
  const { hostnames, assetTagIds, query } = request.targets;
  if (!qualys && !hostnames?.length && !assetTagIds?.length && !query) return printOffline(invocation, request);
  const { withQualys } = await import('../qualys/output/connection.js');
  const { withResolved } = await import('./resolve.js');
  const { askingAs } = await import('./asking.js');
  const { countingCalls } = await import('./calls.js');
  // What would hold for the run is what its worker has.
  const workers = await policyOfWorkers(invocation);
  const own = policyOf(invocation);
  const policy = workers?.policy ?? own;
  const inForce = workers && inForceOf(workers, own);
  return withQualys(invocation, { wait: MAX_WAIT_MS }, async (link) => {
    const counted = countingCalls(link.qualys);
    const { signal } = link;
    try {
      return await withKnown(invocation, (known) => {
        const from = { known: known.copies, asking: askingAs(link, known), serverClock: link.clock };
        const using = { qualys: counted.qualys, policy, signal, ...from };
        return withResolved(using, request, async (resolved) => {
          const easm = await easmOf(counted.qualys, request);
          const busy = await busyWarnings(known, resolved.ledger.reader.allAssets(resolved.runId));
          const warned = { ...resolved, warnings: [...resolved.warnings, ...busy] };
          const plan = planOf(request, warned, { policy, inForce, easm, openingCalls: counted.calls() });
          await (invocation.json ? printJson(invocation, plan, resolved) : printLines(invocation, plan, resolved));
          return plan.refused ? EXIT.notSucceeded : EXIT.done;
        });
      });
    } catch (error) {
      throw asRefusal(error);
    }
  });
}

/** The document of `--json`, which ends with all `assets`. */
interface Plan {
  script: { id: string; title: string; status: string; platform: string; sha256?: string; hints?: ScriptHint[] };
  cohort: { size: number; digest: string };
  /** What an approval would be bound to, if nothing changes until then. */
  digest?: string;
  skipped: Record<string, number>;
  notJoined: NotJoinedList;
  executions: number;
  byTags?: PlannedByTags;
  calls: Cost['calls'];
  waitsFor?: { easm: string };
  policy: {
    maxAssets?: number;
    allowedScripts?: string[];
    neverTouch: Policy['neverTouch'];
    needsApproval: boolean;
    aboveAssets?: number;
    inForce?: PolicyInForce;
  };
  /** What the report would warn of. */
  warnings?: string[];
  refused?: { type: string; message: string };
}

function planOf(
  { maxAssets, maxInFlight, output, verdict }: RemediationRequest,
  { script, cohort, digest, skipped, notJoined, refusal, byTags, warnings }: Resolved,
  {
    policy,
    inForce,
    easm,
    openingCalls,
  }: { policy: Policy; inForce: PolicyInForce | undefined; easm: string | undefined; openingCalls: number },
): Plan {
  const { id, title, status, platform, sha256 } = script;
  const hints = hintsOf(script, { step: 'remediate', verdict });
  const left = Object.values(skipped).reduce((sum, count) => sum + count, 0);
  const assets = refusal ? 0 : cohort.size - left - (byTags?.assets ?? 0);
  const { executions, calls } = costOf({ assets, byTags, maxInFlight: mostInFlight(maxInFlight), output, openingCalls });
  const aboveAssets = policy.approval?.aboveAssets;
  return {
    script: { id, title, status, platform, ...(sha256 === undefined ? {} : { sha256 }), ...(hints.length > 0 ? { hints } : {}) },
    cohort,
    ...(digest === undefined ? {} : { digest }),
    skipped,
    notJoined,
    executions,
    ...(byTags ? { byTags } : {}),
    calls,
    ...(easm === undefined ? {} : { waitsFor: { easm } }),
    policy: {
      ...(maxAssets === undefined ? {} : { maxAssets }),
      ...(policy.scripts ? { allowedScripts: policy.scripts.allow } : {}),
      neverTouch: policy.neverTouch,
      needsApproval: aboveAssets !== undefined && cohort.size > aboveAssets,
      ...(aboveAssets === undefined ? {} : { aboveAssets }),
      ...(inForce ? { inForce } : {}),
    },
    ...(warnings.length > 0 ? { warnings } : {}),
    ...(refusal ? { refused: refusal } : {}),
  };
}

/** Where the EASM sync stands that the request waits for. */
export async function easmOf(
  qualys: Parameters<typeof easmState>[0],
  { waitFor }: Pick<RemediationRequest, 'waitFor'>,
): Promise<string | undefined> {
  if (!waitFor) return undefined;
  const gate = await import('../../activities/opening/easm-gate.js');
  const state = await gate.easmState(qualys, waitFor, { runId: 'dry-run' });
  if (state.kind === 'no-profile') throw new CommandFailed(EXIT.usage, `waitFor.easm: ${state.problem}`);
  return state.kind === 'completed' ? 'completed' : state.profiles.map(({ profileId, status }) => `${profileId} ${status}`).join(', ');
}

async function printJson({ stdout }: Invocation, plan: Plan, { ledger, runId }: Resolved): Promise<void> {
  const { jsonArray } = await import('../../reports/json.js');
  await stdout.write(`${JSON.stringify(plan).slice(0, -1)},\n"assets":`);
  for await (const chunk of jsonArray(ledger.reader.allAssets(runId))) await stdout.write(chunk);
  await stdout.write('}\n');
}

async function printLines({ stdout, env }: Invocation, plan: Plan, { ledger, runId }: Resolved): Promise<void> {
  const paint = painter(stdout, env);
  const say = (name: string, text: string, style?: 'bad' | 'warn'): Promise<void> =>
    writeLine(
      stdout,
      paint([
        { text: `${name.padEnd(12)}`, style: 'soft' },
        { text: safeLine(text), style },
      ] satisfies Line),
    );
  const { script, cohort, notJoined, policy } = plan;
  await say('script', `${script.title} (${script.id}), ${[script.platform, script.status].filter(Boolean).join(', ')}`);
  for (const hint of script.hints ?? []) await say('hint', hintText(hint), 'warn');
  await say('cohort', counted(cohort.size, 'asset'));
  if (plan.digest !== undefined) await say('digest', plan.digest);
  for (const { assetId, name, reason } of (await ledger.reader.assets(runId, { limit: ASSETS_SHOWN })).items) {
    await say('', `${assetId}${name ? `  ${name}` : ''}${reason ? `  skipped: ${reason}` : ''}`);
  }
  if (cohort.size > ASSETS_SHOWN) await say('', `and ${cohort.size - ASSETS_SHOWN} more (list all with --json)`);
  for (const [reason, count] of Object.entries(plan.skipped)) await say('skipped', `${counted(count, 'asset')}: ${reason}`, 'warn');
  if (notJoined.count > 0) await say('not joined', `${counted(notJoined.count, 'host')} of the query`, 'warn');
  const shown = notJoined.assets.slice(0, ASSETS_SHOWN);
  for (const host of shown) await say('', notJoinedText(host));
  const rest = notJoined.count - hostsIn(shown);
  if (rest > 0) await say('', `and ${rest} more (list all with --json)`);
  if (plan.waitsFor) await say('waits for', `the EASM sync: ${plan.waitsFor.easm}`);
  await say('policy', policyText(policy));
  if (policy.inForce) await say('', `the workers use ${inForceText(policy.inForce)}`, policy.inForce.differs ? 'bad' : undefined);
  for (const warning of plan.warnings ?? []) await say('warning', warning, 'warn');
  await say('cost', costText(plan));
  if (plan.refused) await say('refused', `${plan.refused.type}: ${plan.refused.message}`, 'bad');
  await writeLine(stdout, 'Nothing was sent.');
}

function policyText({ needsApproval, aboveAssets, allowedScripts, neverTouch, maxAssets }: Plan['policy']): string {
  const untouched = neverTouch.assetIds.length + neverTouch.tags.length + neverTouch.hostnames.length;
  return [
    needsApproval ? `approval needed (above ${aboveAssets} assets)` : 'no approval needed',
    allowedScripts ? `${counted(allowedScripts.length, 'script')} allowed` : 'any approved script',
    ...(untouched > 0 ? [`${counted(untouched, 'never-touch entry', 'never-touch entries')}`] : []),
    ...(maxAssets === undefined ? [] : [`at most ${maxAssets} assets`]),
  ].join('; ');
}

function costText({ executions, byTags, calls: { opening, atLeast, atMost } }: Pick<Plan, 'executions' | 'byTags' | 'calls'>): string {
  const range = atLeast === atMost ? `about ${atLeast}` : `about ${atLeast} to ${atMost}`;
  const tags = byTags ? ` (${byTags.executions} by tags)` : '';
  return `${counted(executions, 'execution')}${tags}, ${range} Qualys calls, ${opening} of them to find script and assets`;
}

/** Ids need nobody to say what they mean; whether they exist is seen when the run starts. */
async function printOffline(invocation: Invocation, request: RemediationRequest): Promise<ExitCode> {
  const { json, stdout } = invocation;
  const { script, targets, maxAssets, maxInFlight, output } = request;
  const excluded = new Set(targets.excludedAssetIds);
  const assetIds = [...new Set(targets.assetIds)].filter((assetId) => !excluded.has(assetId));
  if (assetIds.length === 0) throw new CommandFailed(EXIT.usage, 'No assets left: all named assets are excluded.');
  if (maxAssets !== undefined && assetIds.length > maxAssets) {
    throw new CommandFailed(EXIT.usage, `The run would be refused: ${assetIds.length} assets exceed --max-assets ${maxAssets}.`);
  }
  if (request.followUp) {
    const { refuseFollowUp } = await import('./resolve.js');
    refuseFollowUp(request, { now: invocation.now(), timezone: settingsOf(invocation).scheduleTimeZone });
  }
  const cohort = { size: assetIds.length, digest: cohortDigest(assetIds) };
  // The script, and a search for each thousand assets.
  const cost = costOf({
    assets: cohort.size,
    maxInFlight: mostInFlight(maxInFlight),
    output,
    openingCalls: 1 + Math.ceil(cohort.size / 1_000),
  });
  // Those in ids: a script's title says nothing without Qualys.
  const open = targets.despiteOpenCopies ? [] : await withKnown(invocation, ({ copies }) => copies.of(String(script), assetIds));
  const openCopies = new Set(open.flatMap(({ assetId, copy }) => (copy === 'open' ? [assetId] : []))).size;
  const holders = await withKnown(invocation, ({ holdersAmong }) => holdersAmong(assetIds));
  if (json) {
    await writeJson(stdout, {
      script: { id: script },
      cohort,
      ...(holders.length > 0 ? { busy: holders } : {}),
      ...(openCopies > 0 ? { openCopies } : {}),
      ...cost,
    });
    return EXIT.done;
  }
  await writeLine(stdout, `script ${safeLine(script)} on ${counted(cohort.size, 'asset')}, cohort digest ${cohort.digest}`);
  if (openCopies > 0)
    await writeLine(
      stdout,
      `An earlier copy of the script may still be running on ${counted(openCopies, 'asset')}. They are skipped unless it has ended by then. See: overhaul open-copies`,
    );
  if (holders.length > 0) await writeLine(stdout, `Assets in an open execution of another run now wait for it: ${holdersText(holders)}`);
  await writeLine(stdout, costText(cost));
  await writeLine(stdout, 'Nothing was sent. QUALYS_* are not set here, so script and assets are checked when the run starts.');
  return EXIT.done;
}

/** The digest that the ledger gives a frozen cohort: SHA-256 over the ids in ascending order of their text, one a line. */
function cohortDigest(assetIds: readonly string[]): string {
  const hash = createHash('sha256');
  for (const assetId of [...assetIds].sort()) hash.update(`${assetId}\n`);
  return hash.digest('hex');
}

export function policyOf({ env }: Invocation): Policy {
  const config = loadConfigFile(undefined, env);
  if (!config.ok) throw new CommandFailed(EXIT.usage, describeEnvironmentProblems(config.problems));
  return config.value.policy;
}

/** Targets that stand for no asset, in words; by name, because the classes would load the activities before they are needed. */
export function asRefusal(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if (error.name === 'QqlUnsafe') return new CommandFailed(EXIT.usage, `Cannot resolve the targets: ${error.message}.`);
  if (error.name === 'PolicyRefused')
    return new CommandFailed(EXIT.notSucceeded, `PolicyViolation: ${safeLine(error.message)} Nothing was sent.`);
  if (error.name !== 'UnresolvedTargets' || !('problems' in error)) return error;
  const problems = error.problems as { path: string; problem: string }[];
  const lines = problems.map(({ path, problem }) => `  ${path}: ${safeLine(problem)}`);
  return new CommandFailed(
    EXIT.usage,
    [`${counted(problems.length, 'target')} cannot be resolved. Nothing was started.`, ...lines].join('\n'),
  );
}
