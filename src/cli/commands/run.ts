import { readFileSync } from 'node:fs';
import { Command } from '@commander-js/extra-typings';
import { parseYaml } from '../../contracts/config/yaml-document.js';
import { type Parsed, parseRequest, type RemediationRequest, type RemediationRequestInput } from '../../contracts/request.js';
import { printDryRun } from '../dry-run/run.js';
import { CommandFailed, EXIT, type ExitCode, type Invocation } from '../invocation/context.js';
import { settingsOf } from '../invocation/settings.js';
import { newWorkflowId } from '../starting/new-workflow-id.js';
import { type RequestOptions, requestFromOptions } from '../starting/request.js';
import { startAndShow } from '../starting/workflow.js';

interface RunOptions extends RequestOptions {
  request?: string | undefined;
  id?: string | undefined;
  watch?: true | undefined;
  dryRun?: true | undefined;
}

export function runCommand(invocation: Invocation) {
  return new Command('run')
    .description('start a run: one script over one cohort')
    .option('--script <id|title>', 'script id, or its exact title')
    .optionsGroup('Targets (lists are comma separated, repeatable, or @file):')
    .option('--assets <ids>', 'asset ids', collect)
    .option('--hosts <names>', 'exact asset names', collect)
    .option('--tags <ids>', 'asset tag ids', collect)
    .option('--query <source:filter>', 'car, gav-v1 or edr, a colon, and QQL; or gav, a colon, and JSON or XML')
    .option('--everything', 'run on all that an inventory holds, if that is what the query finds')
    .option('--exclude <ids>', 'asset ids that are left out', collect)
    .option('--despite-open-copies', 'send also where an earlier copy of the script may still run; the override is recorded')
    .option('--max-assets <n>', 'refuse a larger cohort')
    .optionsGroup('How:')
    .option('--strategy <word>', 'assets, tags or auto (default: assets)')
    .option('--max-in-flight <n>', 'executions at once (default: 4)')
    .option('--poll <duration>', 'look at Qualys at most this often (default: 30s)')
    .option('--deadline <duration>', 'of each execution (default: 6h)')
    .option('--output <word>', 'script output that is kept: all, failed or none (default: all)')
    .option('--retry-failed <n>', 'further attempts for each failed asset (default: 0)')
    .option('--retry-after <duration>', 'before each of them (default: 15m)')
    .option('--unreachable-wait <duration>', 'watch this long past the deadline (default: 0)')
    .option('--error-budget <n|n%|json>', 'stop when more assets than that go wrong')
    .option('--follow-up <json>', 'what is scheduled from the outcome')
    .option('--script-sha256 <hex>', 'refuse a script with other content')
    .option('--wait-for-easm [profile]', 'wait for the sync of the EASM profiles, or of this one')
    .option('--wait-timeout <duration>', 'for that long at most (default: 4h)')
    .option('--reason <text>', 'why, for the record')
    .option('--requested-by <name>', 'who asks (default: you)')
    .option('--request <file>', 'the request as YAML or JSON; options win over it')
    .optionsGroup('Start:')
    .option('--id <workflow id>', 'an id is used once (default: a new one)')
    .option('--watch', 'wait for the end, and show the way')
    .option('--dry-run', 'say what would be done, and send nothing')
    .action(async (options) => {
      invocation.exitCode = await run(invocation, options);
    });
}

async function run(invocation: Invocation, options: RunOptions): Promise<ExitCode> {
  const { input, request } = requestOf(invocation, options);
  const { taskQueue } = settingsOf(invocation);
  if (options.dryRun) return printDryRun(invocation, request);
  const workflowId = options.id ?? newWorkflowId(request.script, invocation.now());
  return startAndShow(invocation, { workflowId, input, taskQueue }, { watch: options.watch === true });
}

/** Throws `CommandFailed` with every problem at once. The request goes out as it was written: the workflow fills in the defaults. */
function requestOf(invocation: Invocation, options: RunOptions): { input: RemediationRequestInput; request: RemediationRequest } {
  const base = options.request === undefined ? undefined : requestFile(options.request);
  const { input, problems } = requestFromOptions(options, {
    base: base?.ok ? base.value : undefined,
    readText: (path) => readFileSync(path, 'utf8'),
  });
  const complete = { requestedBy: invocation.userName, ...input };
  const parsed = parseRequest(complete);
  const all = [...(base && !base.ok ? base.problems : []), ...problems, ...(parsed.ok ? [] : parsed.problems)];
  if (!parsed.ok || all.length > 0) {
    const count = all.length === 1 ? '1 problem' : `${all.length} problems`;
    const lines = all.map(({ path, problem }) => `  ${path ? `${path}: ` : ''}${problem}`);
    throw new CommandFailed(EXIT.usage, [`The request has ${count}; nothing was started.`, ...lines].join('\n'));
  }
  return { input: complete as unknown as RemediationRequestInput, request: parsed.value };
}

function requestFile(path: string): Parsed<unknown> {
  try {
    const document = parseYaml(readFileSync(path, 'utf8'), path);
    return document.ok ? { ok: true, value: document.value.content ?? null } : document;
  } catch (error) {
    const problem = `the file ${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    return { ok: false, problems: [{ path: '--request', problem }] };
  }
}

function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}
