import { readFileSync } from 'node:fs';
import { parseWrittenRequest } from '../../contracts/bare-durations.js';
import { parseYaml, type YamlDocument } from '../../contracts/config/yaml-document.js';
import { type Parsed, type Problem, problemLines } from '../../contracts/problems.js';
import type { RemediationRequest, RemediationRequestInput } from '../../contracts/request.js';
import { whyNotRead } from '../../domain/basics/file-failure.js';
import { decodeOutput } from '../../domain/verdict/decode.js';
import { newWorkflowId } from '../../runs/new-workflow-id.js';
import { printDryRun } from '../dry-run/run.js';
import { command } from '../heads.js';
import { CommandFailed, EXIT, type ExitCode, type Invocation, writeLine } from '../invocation/context.js';
import { type SayOnInterrupt, tellingInterrupt } from '../invocation/interrupted.js';
import { settingsOf } from '../invocation/settings.js';
import { type RequestOptions, requestFromOptions } from '../starting/request.js';
import type { VerdictFile } from '../starting/verdict-file.js';
import { NOTHING_STARTED, startAndShow } from '../starting/workflow.js';

interface RunOptions extends RequestOptions {
  request?: string | undefined;
  id?: string | undefined;
  watch?: true | undefined;
  dryRun?: true | undefined;
}

export function runCommand(invocation: Invocation) {
  return command('run')
    .option('--script <id|title>', 'script id or exact title')
    .optionsGroup('Targets (lists: comma-separated, repeatable, @FILE, or - for stdin):')
    .option('--assets <ids>', 'asset ids', collect)
    .option('--hosts <names>', 'exact asset names', collect)
    .option('--match <word>', 'how --hosts are found: exact, or label (first label, where it is unique)')
    .option('--tags <ids>', 'asset tag ids', collect)
    .option('--column <name>', 'column to take from CSV files (default: assetId, asset_id or id; hostname, host or name)')
    .option('--query <source:filter>', 'car:QQL, gav-v1:QQL, edr:QQL, or gav:JSON-or-XML')
    .option('--everything', 'allow a query that finds the whole inventory')
    .option('--exclude <ids>', 'asset ids to leave out', collect)
    .option('--seen-within <duration>', 'skip assets whose agent was last seen longer ago, such as 7d')
    .option('--despite-open-copies', 'send even where an earlier copy of the script may still be running; recorded in the audit log')
    .option('--max-assets <n>', 'refuse a larger cohort')
    .optionsGroup('How:')
    .option('--strategy <word>', 'assets, tags or auto (default: assets)')
    .option('--max-in-flight <n>', 'maximum executions in flight, or auto: what the call budget can feed, at most 40 (default: 4)')
    .option('--poll <duration>', 'minimum interval between polls (default: 30s)')
    .option('--deadline <duration>', 'deadline of each execution (default: 6h)')
    .option('--output <word>', 'script output to store: all, failed or none (default: all)')
    .option('--retry-failed <n>', 'extra attempts for each failed asset (default: 0)')
    .option('--retry-after <duration>', 'delay before each extra attempt (default: 15m)')
    .option('--unreachable-wait <duration>', 'keep watching this long past the deadline (default: 0)')
    .option('--error-budget <n|n%|json>', 'stop when more assets than this fail')
    .option('--verdict <file>', 'what exit codes and output mean, as YAML or JSON (default: what Qualys says)')
    .option('--follow-up <json>', 'what to schedule from the outcome')
    .option('--script-sha256 <hex>', 'refuse the script if its content has another hash')
    .option('--wait-for-easm [profile]', 'wait for the sync of all EASM profiles, or of this one')
    .option('--wait-timeout <duration>', 'wait at most this long (default: 4h)')
    .option('--reason <text>', 'why, for the record')
    .option('--requested-by <name>', 'who requests it (default: you)')
    .option('--request <file>', 'the request as YAML or JSON; options override it')
    .optionsGroup('Start:')
    .option('--id <workflow id>', 'each id can be used once (default: generated)')
    .option('--watch', 'wait for completion and show progress')
    .option('--dry-run', 'show what would be done; sends nothing')
    .action(async (options) => {
      invocation.exitCode = await tellingInterrupt(invocation, NOTHING_STARTED, (say) => run(invocation, options, say));
    });
}

async function run(invocation: Invocation, options: RunOptions, say: SayOnInterrupt): Promise<ExitCode> {
  const { input, request } = await requestOf(invocation, options);
  const { taskQueue } = settingsOf(invocation);
  if (options.dryRun) return printDryRun(invocation, request);
  const workflowId = options.id ?? newWorkflowId(request.script, invocation.now());
  return startAndShow(invocation, { workflowId, input, taskQueue }, { until: options.watch ? 'ended' : 'started', say });
}

/** Throws `CommandFailed` with every problem at once. The request goes out as it was written: the workflow fills in the defaults. */
async function requestOf(
  invocation: Invocation,
  options: RunOptions,
): Promise<{ input: RemediationRequestInput; request: RemediationRequest }> {
  const base = options.request === undefined ? undefined : requestFile(options.request);
  const stdin = await pipedLists(invocation, options);
  const { input, problems, notes, verdict } = requestFromOptions(options, {
    base: base?.ok ? (base.value.content ?? null) : undefined,
    readText: (path) => decodeOutput(path === '-' ? stdin() : readFileSync(path)),
  });
  const complete = { requestedBy: invocation.userName, ...input };
  const parsed = parseWrittenRequest(complete);
  // What is wrong with a list is said where it was written: of the targets that came of it nothing more.
  const isTold = ({ path }: Problem): boolean => problems.some((one) => path === 'targets' || TOLD_BY[one.path]?.test(path));
  const ofRequest = (parsed.ok ? [] : parsed.problems)
    .filter((problem) => !isTold(problem))
    .map((problem) => inItsFile(problem, { input, base: base?.ok ? base.value : undefined, verdict }));
  const all = [...(base && !base.ok ? base.problems : []), ...problems, ...ofRequest];
  if (!parsed.ok || all.length > 0) {
    const count = all.length === 1 ? '1 problem' : `${all.length} problems`;
    throw new CommandFailed(EXIT.usage, [`The request has ${count}. Nothing was started.`, ...problemLines(all)].join('\n'));
  }
  for (const note of notes) await writeLine(invocation.stderr, note);
  return { input: complete as unknown as RemediationRequestInput, request: parsed.value };
}

interface Sources {
  input: Readonly<Record<string, unknown>>;
  base: YamlDocument | undefined;
  verdict: VerdictFile | undefined;
}

/** With file and line, where the field stands in a file as it is: what an option says has no line. */
function inItsFile(problem: Problem, { input, base, verdict }: Sources): Problem {
  const [field = ''] = problem.path.split(/[.[]/);
  if (field === 'verdict' && verdict) {
    const [inside] = verdict.located([{ ...problem, path: problem.path.replace(/^verdict\.?/, '') }]);
    return { ...problem, problem: inside?.problem ?? problem.problem };
  }
  const content = base?.content;
  const isOfFile = typeof content === 'object' && content !== null && Reflect.get(content, field) === input[field];
  return (isOfFile ? base?.located([problem])[0] : undefined) ?? problem;
}

/** Which fields of the request come from which option. */
const TOLD_BY: Readonly<Record<string, RegExp>> = {
  '--assets': /^targets\.assetIds/,
  '--hosts': /^targets\.hostnames/,
  '--tags': /^targets\.assetTagIds/,
  '--exclude': /^targets\.excludedAssetIds/,
};

/** Stdin, where an option asks for it: it can be read once. */
async function pipedLists(invocation: Invocation, { assets, hosts, tags, exclude }: RunOptions): Promise<() => Buffer> {
  const asked = [assets, hosts, tags, exclude].flatMap((values) => values ?? []).filter((value) => value === '-' || value === '@-');
  const chunks: Uint8Array[] = [];
  if (asked.length === 1) for await (const chunk of invocation.stdin()) chunks.push(chunk);
  return () => {
    if (asked.length > 1) throw new Error('stdin can be read by one option only');
    return Buffer.concat(chunks);
  };
}

function requestFile(path: string): Parsed<YamlDocument> {
  try {
    return parseYaml(readFileSync(path, 'utf8'), path);
  } catch (error) {
    const problem = `cannot read file ${path}: ${whyNotRead(error)}`;
    return { ok: false, problems: [{ path: '--request', problem }] };
  }
}

function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}
