// A Qualys gateway on loopback, for demos, tests and rehearsals. docs/simulator.md describes its behaviour.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describeProblems } from '../contracts/request.js';
import { createTokens } from './answers/tokens.js';
import { forgetSearches } from './endpoints/assets.js';
import { type CallRecord, createCallLog } from './gateway/call-log.js';
import { gateway } from './gateway/calls.js';
import { createLimiter } from './gateway/limits.js';
import { parseSimulatorOptions, type SimulatorOptions } from './options.js';
import { createTicketDesk, type SimulatedTicket, type TicketDesk } from './tickets/desk.js';
import { simulatedClock } from './world/clock.js';
import { foreignOperators } from './world/foreign-operator.js';
import { createWorld, type ExecutionRecord, type SimulatedSchedule } from './world/state.js';
import { type Fate, fateOf } from './world/timeline.js';

export interface Simulator {
  /** `http://127.0.0.1:<port>`, what `QUALYS_URL` takes. */
  url: string;
  port: number;
  state: SimulatorState;
  stats(): SimulatorStats;
  /** Ends every connection, also those in flight. */
  close(): Promise<void>;
}

/** What tests look at. The arrays are live. */
export interface SimulatorState {
  /** Every effect of an execute call, in order, other operators' among them. */
  readonly executions: readonly ExecutionRecord[];
  readonly schedules: readonly SimulatedSchedule[];
  /** Of the ticket system beside the gateway; none without it. */
  readonly tickets: readonly SimulatedTicket[];
  readonly desk: TicketDesk | undefined;
  /** The calls, `/auth` aside: the latest 10,000 at least, all with `keepAllCalls`. */
  readonly calls: readonly CallRecord[];
  /** How often each asset got an asset job, by asset id; of one user, or of all. */
  executionsPerAsset(user?: string): Map<string, number>;
  /** How the given attempt on an asset ends. */
  fateOf(assetId: string | number, attempt?: number): Fate;
  /** Simulated epoch milliseconds. */
  now(): number;
  revokeTokens(): void;
  /** The host of an asset that is away while it restarts is back now; nothing where it is not away. */
  bringBack(assetId: string | number): void;
  /** Somebody changes a script while runs go on. */
  changeScript(scriptId: string | number, change: { status?: string; content?: string }): void;
  /** Somebody gives an asset a tag, or takes it away. Unknown assets are ignored. */
  retag(assetId: string | number, tagId: number, bears: boolean): void;
}

export interface SimulatorStats {
  calls: number;
  callsByPath: Readonly<Record<string, number>>;
  tokensIssued: number;
  executions: number;
  assetJobs: number;
  /** Calls among `state.calls` that the limits refused, and that came although the answer before had asked to wait. */
  refused: number;
  againstAnnouncement: number;
}

/** Starts on loopback. `now` gives real epoch milliseconds: tests that hold the clock pass their own. */
export async function startSimulator(options: SimulatorOptions & { now?: () => number } = {}): Promise<Simulator> {
  const { now: realNow = Date.now, ...input } = options;
  const parsed = parseSimulatorOptions(input);
  if (!parsed.ok) throw new Error(`The simulator cannot start. ${describeProblems(parsed.problems)}`);
  const settings = parsed.value;
  const clock = simulatedClock({ speed: settings.speed, skewMs: settings.dateSkewMs, realNow });
  const world = createWorld(settings, clock);
  const tokens = createTokens(settings, clock);
  const log = createCallLog(settings.keepAllCalls);
  const catchUp = foreignOperators(world);
  const atGateway = gateway({ world, tokens, limiter: createLimiter(settings, realNow), log, catchUp });
  const desk = settings.tickets ? createTicketDesk({ users: settings.users, now: clock.now }) : undefined;
  const server = createServer((request, response) => {
    answered(request, response).catch((error: unknown) => {
      process.emitWarning(`The simulator failed at ${request.method} ${request.url}: ${String(error)}`);
      response.destroy();
    });
  });
  async function answered(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!(await desk?.answer(request, response))) await atGateway(request, response);
  }
  // Node's 5 s would close idle connections under clients that are about to reuse them: resets that no fault option asked for.
  server.keepAliveTimeout = 75_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(settings.port, settings.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const state: SimulatorState = {
    executions: world.executions,
    schedules: world.schedules,
    tickets: desk?.tickets ?? [],
    desk,
    calls: log.calls,
    executionsPerAsset: (user) => perAsset(world.executions, user),
    fateOf: (assetId, attempt = 1) =>
      fateOf(settings, { index: world.fleet.indexOf(String(assetId)) ?? -1, assetId: Number(assetId) }, attempt),
    now: clock.now,
    revokeTokens: tokens.revokeAll,
    bringBack(assetId) {
      const now = clock.now();
      const absence = world.absences.get(world.fleet.indexOf(String(assetId)) ?? -1)?.find(({ from, until }) => from <= now && now < until);
      if (absence) absence.until = now;
    },
    changeScript(scriptId, change) {
      const script = world.script(String(scriptId));
      if (script) Object.assign(script, change);
    },
    retag(assetId, tagId, bears) {
      const index = world.fleet.indexOf(String(assetId));
      if (index === undefined) return;
      world.fleet.retag(index, tagId, bears);
      forgetSearches(world);
    },
  };
  return {
    url: `http://${settings.host}:${port}`,
    port,
    state,
    stats: () => ({
      calls: log.total,
      callsByPath: { ...log.byPath },
      tokensIssued: tokens.issued,
      executions: world.executions.length,
      assetJobs: world.jobs.reduce((sum, { assets }) => sum + assets.length, 0),
      refused: log.calls.filter(({ fault }) => fault?.endsWith('limit')).length,
      againstAnnouncement: log.calls.filter((call) => call.againstAnnouncement).length,
    }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function perAsset(executions: readonly ExecutionRecord[], user: string | undefined): Map<string, number> {
  const counts = new Map<string, number>();
  for (const execution of executions) {
    if (user !== undefined && execution.user !== user) continue;
    for (const assetId of execution.assetIds) counts.set(assetId, (counts.get(assetId) ?? 0) + 1);
  }
  return counts;
}
