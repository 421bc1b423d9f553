import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { Problem } from '../../../contracts/request.js';
import { whyNotRead } from '../../../domain/basics/file-failure.js';
import { type Simulator, startSimulator } from '../../../simulator/index.js';
import { parseSimulatorOptions } from '../../../simulator/options.js';
import { command } from '../../heads.js';

export const DEFAULT_SIMULATOR_PORT = 8_090;

/** `overhaul simulator`: the Qualys simulator on its own, until SIGINT or SIGTERM. */
export function simulatorCommand() {
  return command('simulator')
    .option('--config <file>', 'options as a JSON or YAML file; flags override it')
    .option('--port <number>', `port on 127.0.0.1, 0 for a free one (default ${DEFAULT_SIMULATOR_PORT})`, Number)
    .option('--speed <factor>', 'simulated seconds per real second', Number)
    .option('--seed <number>', 'seed of everything random', Number)
    .option('--assets <number>', 'number of assets', Number)
    .option('--token-life-sec <seconds>', 'token lifetime, simulated', Number)
    .option('--execution-min-ms <ms>', 'shortest execution, simulated', Number)
    .option('--execution-max-ms <ms>', 'longest execution, simulated', Number)
    .option('--execution-interval-sec <seconds>', 'minimum interval between executions of a script, simulated', Number)
    .option('--fail-rate <rate>', 'share of assets on which the script fails, 0 to 1', Number)
    .option('--offline-rate <rate>', 'share of assets that are offline', Number)
    .option('--result-lost-rate <rate>', 'share of assets whose result is lost', Number)
    .option('--limit-per-window <calls>', 'calls per rolling window', Number)
    .option('--limit-window-sec <seconds>', 'window length, simulated', Number)
    .option('--concurrency <calls>', 'concurrent calls', Number)
    .option('--latency-ms <ms>', 'delay of every response, real milliseconds', Number)
    .option('--lose-executes <numbers>', 'executes, by number, whose response is lost, such as 2,5', numbers)
    .option('--lost-answer-rate <rate>', 'share of executes and schedules whose response is lost', Number)
    .option('--call-fail-rate <rate>', 'share of calls that fail before any effect', Number)
    .option('--shape <shape>', 'rows of the v2 searches: wrapped, flat or mixed')
    .option('--ids <type>', 'ids in responses: documented, string, number or mixed')
    .option('--tickets', 'ticket systems beside it, ServiceNow and others, with a ticket each')
    .option('--json', 'print the address as one JSON document')
    .action(async (_flags, command) => {
      const stop = new AbortController();
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
      process.exitCode = await serveSimulator(command.optsWithGlobals(), {
        stop: stop.signal,
        out: (line) => process.stdout.write(`${line}\n`),
        err: (line) => process.stderr.write(`${line}\n`),
        isTerminal: process.stderr.isTTY === true,
      });
    });
}

export interface SimulatorFlags {
  config?: string | undefined;
  port?: number | undefined;
  speed?: number | undefined;
  seed?: number | undefined;
  assets?: number | undefined;
  tokenLifeSec?: number | undefined;
  executionMinMs?: number | undefined;
  executionMaxMs?: number | undefined;
  executionIntervalSec?: number | undefined;
  failRate?: number | undefined;
  offlineRate?: number | undefined;
  resultLostRate?: number | undefined;
  limitPerWindow?: number | undefined;
  limitWindowSec?: number | undefined;
  concurrency?: number | undefined;
  latencyMs?: number | undefined;
  loseExecutes?: number[] | undefined;
  lostAnswerRate?: number | undefined;
  callFailRate?: number | undefined;
  shape?: string | undefined;
  ids?: string | undefined;
  tickets?: true | undefined;
  json?: true | undefined;
}

/** Serves until `stop` is aborted. Returns the exit code: 0, or 2 when the options are wrong or the port is taken. */
export async function serveSimulator(
  flags: SimulatorFlags,
  io: { stop: AbortSignal; out: (line: string) => void; err: (line: string) => void; isTerminal?: boolean },
): Promise<number> {
  const file = readConfig(flags.config);
  if ('problem' in file) return refused(io.err, [file.problem]);
  const parsed = parseSimulatorOptions(withFlags(file.options, flags));
  if (!parsed.ok) return refused(io.err, parsed.problems);
  let simulator: Simulator;
  try {
    simulator = await startSimulator(parsed.value);
  } catch (error) {
    return refused(io.err, [portProblem(parsed.value.port, error as NodeJS.ErrnoException)]);
  }
  const [user] = parsed.value.users;
  const address = { url: simulator.url, username: user?.username ?? '', password: user?.password ?? '' };
  const sentence = `Qualys simulator on ${address.url}, user ${address.username}, password ${address.password}. Stop it with Ctrl-C.`;
  io.out(flags.json ? JSON.stringify(address) : sentence);
  if (parsed.value.tickets && !flags.json)
    io.out(`Tickets as in ServiceNow at ${address.url}/api/now, same user. What was written: ${address.url}/tickets`);
  if (!io.stop.aborted) await new Promise((resolve) => io.stop.addEventListener('abort', resolve, { once: true }));
  await simulator.close();
  // Ctrl-C leaves `^C` in the line, and the prompt would follow it.
  if (io.isTerminal) io.err('\r\x1b[KStopped.');
  return 0;
}

function readConfig(path: string | undefined): { options: unknown } | { problem: Problem } {
  if (path === undefined) return { options: {} };
  try {
    return { options: parse(readFileSync(path, 'utf8')) ?? {} };
  } catch (error) {
    return { problem: { path: '', problem: `Cannot read ${path} as JSON or YAML: ${whyNotRead(error)}` } };
  }
}

function withFlags(options: unknown, flags: SimulatorFlags): unknown {
  if (!isRecord(options)) return options;
  const { limitPerWindow, limitWindowSec, concurrency, loseExecutes, lostAnswerRate, callFailRate } = flags;
  const {
    port,
    speed,
    seed,
    assets,
    tokenLifeSec,
    executionIntervalSec,
    failRate,
    offlineRate,
    resultLostRate,
    latencyMs,
    shape,
    ids,
    tickets,
  } = flags;
  return {
    port: DEFAULT_SIMULATOR_PORT,
    ...options,
    ...given({
      port,
      speed,
      seed,
      assets,
      tokenLifeSec,
      executionIntervalSec,
      failRate,
      offlineRate,
      resultLostRate,
      latencyMs,
      shape,
      ids,
      tickets,
    }),
    ...merged('executionMs', options.executionMs, { min: flags.executionMinMs, max: flags.executionMaxMs }),
    ...merged('limits', options.limits, { perWindow: limitPerWindow, windowSec: limitWindowSec, concurrency }),
    ...merged('faults', options.faults, { loseExecutes, dropAfterEffectRate: lostAnswerRate, failRate: callFailRate }),
  };
}

function merged(name: string, fromFile: unknown, fromFlags: Record<string, unknown>): Record<string, unknown> {
  const flags = given(fromFlags);
  if (Object.keys(flags).length === 0) return {};
  return { [name]: { ...(isRecord(fromFile) ? fromFile : {}), ...flags } };
}

function given(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refused(err: (line: string) => void, problems: readonly Problem[]): number {
  err(`The simulator cannot start: ${problems.length === 1 ? '1 problem' : `${problems.length} problems`}.`);
  for (const { path, problem } of problems) err(path ? `  ${path}: ${problem}` : `  ${problem}`);
  return 2;
}

function portProblem(port: number, error: NodeJS.ErrnoException): Problem {
  const problem =
    error.code === 'EADDRINUSE' ? `port ${port} on 127.0.0.1 is in use; choose another with --port, or 0 for any free one` : error.message;
  return { path: 'port', problem };
}

function numbers(text: string): number[] {
  return text.split(',').map(Number);
}
