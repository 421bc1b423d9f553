// The command line as a whole. Commands load what is heavy (Temporal's SDK, the database) only when they run.
import { readFileSync } from 'node:fs';
import { Command, CommanderError, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { assetsCommand } from './commands/assets.js';
import { decisionCommands } from './commands/decide.js';
import { haltCommands } from './commands/halt.js';
import { listCommand } from './commands/list.js';
import { logsCommand } from './commands/logs.js';
import { openCopiesCommand } from './commands/open-copies.js';
import { planCommand } from './commands/plan.js';
import { rehearseCommand } from './commands/rehearse.js';
import { reinterpretCommand } from './commands/reinterpret.js';
import { reportCommand } from './commands/report.js';
import { runCommand } from './commands/run.js';
import { completionCommand } from './commands/setup/completion.js';
import { doctorCommand } from './commands/setup/doctor.js';
import { initCommand } from './commands/setup/init.js';
import { schemaCommand } from './commands/setup/schema.js';
import { showCommand } from './commands/show.js';
import { startCommand } from './commands/start.js';
import { watchCommand } from './commands/watch.js';
import { type CommandContext, CommandFailed, EXIT, type Invocation, writeLine } from './invocation/context.js';
import { outputCommand } from './output.js';
import { qualysCommand } from './qualys/group.js';

const EPILOGUE = `
Exit codes: 0 done, 1 finished but not succeeded, 2 usage or configuration, 3 not reachable.

Examples:
  overhaul run --script 72648 --assets 20452610,20452611 --watch
  overhaul run --script "Restart agent" --query 'car:operatingSystem:linux' --max-assets 500
  overhaul report run-72648-20260822T101500Z-k3f9 --format csv --out report.csv`;

/** Runs one command line. Returns the exit code, or undefined when the command has set the process' own. */
export async function runCommandLine(argv: readonly string[], context: CommandContext): Promise<number | undefined> {
  const invocation: Invocation = { ...context, json: false, exitCode: undefined };
  try {
    await (await buildProgram(invocation)).parseAsync([...argv], { from: 'user' });
    return invocation.exitCode;
  } catch (error) {
    // Help and version end with code 0; everything else that commander says is about usage.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    await writeLine(context.stderr, error instanceof Error ? error.message : String(error));
    return exitCodeOfError(error);
  }
}

/** By name, because the classes would load Temporal's SDK. */
function exitCodeOfError(error: unknown): number {
  if (error instanceof CommandFailed) return error.exitCode;
  switch (error instanceof Error ? error.name : '') {
    case 'TemporalUnreachable':
      return EXIT.unreachable;
    case 'TemporalMisconfigured':
    case 'LedgerUnusable':
      return EXIT.usage;
    default:
      return EXIT.notSucceeded;
  }
}

/** The whole tree of commands. */
export async function buildProgram(invocation: Invocation) {
  const program = new Command('overhaul')
    .description('Run Qualys CAR scripts on fleets of hosts, durably and at most once per asset and attempt.')
    .version(version(), '-V, --version', 'print the version')
    .option('--json', 'machine-readable output on stdout, messages on stderr')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => void invocation.stdout.write(text),
      writeErr: (text) => void invocation.stderr.write(text),
      getOutHelpWidth: () => invocation.stdout.columns() ?? 100,
      getErrHelpWidth: () => invocation.stderr.columns() ?? 100,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .showHelpAfterError('(see --help)')
    .exitOverride()
    .hook('preAction', (command) => {
      invocation.json = command.opts().json === true;
    })
    .addHelpText('after', EPILOGUE);
  const { simulatorCommand } = await import('./commands/setup/simulator.js');
  const [approve, reject, pause, resume, retry, cancel] = decisionCommands(invocation);
  const groups = {
    'Runs:': [runCommand(invocation), listCommand(invocation), showCommand(invocation), watchCommand(invocation), logsCommand(invocation)],
    'Campaigns:': [planCommand(invocation), rehearseCommand(invocation), startCommand(invocation)],
    'Results:': [
      reportCommand(invocation),
      assetsCommand(invocation),
      outputCommand(invocation),
      reinterpretCommand(invocation),
      openCopiesCommand(invocation),
    ],
    'Decisions:': [approve, reject, pause, resume, retry, cancel, ...haltCommands(invocation)],
    'Qualys:': [qualysCommand(invocation)],
    'Set-up:': [
      initCommand(invocation),
      doctorCommand(invocation),
      schemaCommand(invocation),
      simulatorCommand(),
      completionCommand(invocation, () => program),
    ],
  };
  for (const [heading, commands] of Object.entries(groups)) {
    for (const command of commands) {
      if (!command) continue;
      inheritSettings(command.helpGroup(heading), program);
      program.addCommand(command);
    }
  }
  return program;
}

/** Streams and exit codes go down to the last command: what is added as a finished command inherits nothing by itself. */
function inheritSettings(command: CommandUnknownOpts, parent: CommandUnknownOpts): void {
  command.copyInheritedSettings(parent);
  for (const child of command.commands) inheritSettings(child, command);
}

function version(): string {
  const { version: text } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
  return text;
}
