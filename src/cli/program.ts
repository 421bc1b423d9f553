// The command line as a whole. What it imports is loaded by every call: a command's module is loaded where its name is in the command line,
// and what is heavy (Temporal's SDK, the database) when it runs.
import { readFileSync } from 'node:fs';
import { Command, CommanderError, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { COMMAND_NAMES, type CommandName, placeholder } from './heads.js';
import { type CommandContext, CommandFailed, EXIT, type Invocation, writeInterrupted, writeLine } from './invocation/context.js';

const EPILOGUE = `
Exit codes: 0 done, 1 finished but not succeeded, 2 usage or configuration,
            3 not reachable, 130 interrupted (a watched run continues).

Examples:
  overhaul run --script 72648 --assets 20452610,20452611 --watch
  overhaul run --script "Restart agent" --query 'car:operatingSystem:linux' --max-assets 500
  overhaul report run-72648-20260822T101500Z-k3f9 --format csv --out report.csv`;

/** Runs one command line. Returns the exit code, or undefined when the command has set the process' own. */
export async function runCommandLine(argv: readonly string[], context: CommandContext): Promise<number | undefined> {
  const invocation: Invocation = { ...context, json: false, exitCode: undefined };
  try {
    await (await buildProgram(invocation, argv)).parseAsync([...argv], { from: 'user' });
    return invocation.exitCode;
  } catch (error) {
    // Help and version end with code 0; everything else that commander says is about usage.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    const [exitCode, message] = [exitCodeOfError(error), error instanceof Error ? error.message : String(error)];
    await (exitCode === EXIT.interrupted ? writeInterrupted : writeLine)(context.stderr, message);
    return exitCode;
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

/** How a command is loaded. */
const LOADED: Readonly<Record<CommandName, (invocation: Invocation) => Promise<CommandUnknownOpts>>> = {
  run: async (invocation) => (await import('./commands/run.js')).runCommand(invocation),
  list: async (invocation) => (await import('./commands/list.js')).listCommand(invocation),
  show: async (invocation) => (await import('./commands/show.js')).showCommand(invocation),
  watch: async (invocation) => (await import('./commands/watch.js')).watchCommand(invocation),
  logs: async (invocation) => (await import('./commands/logs.js')).logsCommand(invocation),
  plan: async (invocation) => (await import('./commands/plan.js')).planCommand(invocation),
  rehearse: async (invocation) => (await import('./commands/rehearse.js')).rehearseCommand(invocation),
  start: async (invocation) => (await import('./commands/start.js')).startCommand(invocation),
  report: async (invocation) => (await import('./commands/report.js')).reportCommand(invocation),
  assets: async (invocation) => (await import('./commands/assets.js')).assetsCommand(invocation),
  output: async (invocation) => (await import('./output.js')).outputCommand(invocation),
  reinterpret: async (invocation) => (await import('./commands/reinterpret.js')).reinterpretCommand(invocation),
  'open-copies': async (invocation) => (await import('./commands/open-copies.js')).openCopiesCommand(invocation),
  audit: async (invocation) => (await import('./commands/audit.js')).auditCommand(invocation),
  approve: async (invocation) => (await import('./commands/decide.js')).decisionCommands(invocation).approve,
  reject: async (invocation) => (await import('./commands/decide.js')).decisionCommands(invocation).reject,
  pause: async (invocation) => (await import('./commands/decide.js')).decisionCommands(invocation).pause,
  resume: async (invocation) => (await import('./commands/decide.js')).decisionCommands(invocation).resume,
  retry: async (invocation) => (await import('./commands/decide.js')).decisionCommands(invocation).retry,
  cancel: async (invocation) => (await import('./commands/decide.js')).decisionCommands(invocation).cancel,
  halt: async (invocation) => (await import('./commands/halt.js')).haltCommands(invocation).halt,
  unhalt: async (invocation) => (await import('./commands/halt.js')).haltCommands(invocation).unhalt,
  qualys: async (invocation) => (await import('./qualys/group.js')).qualysCommand(invocation),
  init: async (invocation) => (await import('./commands/setup/init.js')).initCommand(invocation),
  doctor: async (invocation) => (await import('./commands/setup/doctor.js')).doctorCommand(invocation),
  schema: async (invocation) => (await import('./commands/setup/schema.js')).schemaCommand(invocation),
  simulator: async () => (await import('./commands/setup/simulator.js')).simulatorCommand(),
  completion: async (invocation) =>
    (await import('./commands/setup/completion.js')).completionCommand(invocation, () => buildProgram(invocation)),
};

/** The tree of commands: whole without a command line, else with those whose name is a word of it, and the heads of the others. */
export async function buildProgram(invocation: Invocation, argv: readonly string[] = COMMAND_NAMES) {
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
  // One by one, as each keeps its place in the help.
  for (const name of COMMAND_NAMES) {
    const command = argv.includes(name) ? await LOADED[name](invocation) : placeholder(name);
    inheritSettings(command, program);
    program.addCommand(command);
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
