// `npm run bench:budget`: runs of 1,000 assets at once, 4 in flight each, under 300 calls an hour and 2 at a time; what became of the calls.
import { play, type Subscription } from '../../test/support/budget/subscription.js';
import { openLab } from './lab.js';

const SPEED = Number(process.env['SPEED'] ?? 120);
const RUNS = (process.env['RUNS'] ?? '1,3,10,30').split(',').map(Number);
const IN_FLIGHT = process.env['IN_FLIGHT'] === 'auto' ? 'auto' : Number(process.env['IN_FLIGHT'] ?? 4);
const ASSETS = 1_000;
const EXECUTIONS = ASSETS / 25;
const PER_WINDOW = 300;
const WINDOW_MS = 3_600_000;
const LONGEST_MS = 300_000 * 1.05;
const OPENING_CALLS = 2;
const firstAsset = 20_452_610;

const round = (value: number, digits = 2): number => Number(value.toFixed(digits));
/** Full windows that so many calls make necessary, and the longest execution behind the last of them: simulated milliseconds. */
const boundOf = (calls: number): number => Math.floor((calls - 1) / PER_WINDOW) * WINDOW_MS + LONGEST_MS;
/** By a generator of its own, as long as the simulator's. */
const evenly = (n: number): number => 60_000 + 240_000 * ((Math.imul(n + 1, 2_654_435_761) >>> 0) / 2 ** 32);

/** What nobody does better than with the same slots: who knows when each ends, with so many calls in all. */
function knowing(subscription: Subscription, calls: number): number {
  const fewest = play({ ...subscription, knowing: true });
  const callsPerHour = Math.max(1, Math.floor((PER_WINDOW * fewest.calls) / calls));
  return play({ ...subscription, knowing: true, callsPerHour }).wallMs;
}

const lab = process.env['PART'] === 'simulation' ? undefined : await openLab();
try {
  for (const runs of RUNS) {
    const subscription: Subscription = { runs, executions: EXECUTIONS, slots: IN_FLIGHT, callsPerHour: PER_WINDOW, durationMs: evenly };
    const played = play(subscription);
    const idealCalls = runs * (EXECUTIONS + OPENING_CALLS);
    console.log(
      JSON.stringify({
        ...{ what: 'cadence and call log alone, clock 1x', runs, executions: played.executions, calls: played.calls },
        callsPerExecution: round(played.calls / played.executions),
        wallMinutes: round(played.wallMs / 60_000, 1),
        ofWindowsAndLongest: {
          byCallsMade: round(played.wallMs / boundOf(played.calls)),
          byFewestCalls: round(played.wallMs / boundOf(idealCalls)),
        },
        ofWhoKnowsTheEnds: round(played.wallMs / knowing(subscription, played.calls)),
        budgetUsedWhileAssetsWait: round(played.whileAssetsWait.calls / played.whileAssetsWait.offered),
      }),
    );
    if (!lab) continue;
    const product = await lab.product({
      simulator: {
        ...{ assets: runs * ASSETS, speed: SPEED, seed: 3, keepAllCalls: true },
        limits: { perWindow: PER_WINDOW, windowSec: WINDOW_MS / 1_000, concurrency: 2 },
      },
      policy: { caps: { callsPerHour: PER_WINDOW * SPEED, executionsPerDay: 100_000, concurrency: 2 } },
    });
    const startedAt = performance.now();
    const cpu = process.cpuUsage();
    const reports = await Promise.all(
      Array.from({ length: runs }, async (_, index) => {
        const run = await product.start(`bench-budget-${runs}-${index}`, {
          script: 72648,
          targets: { assetIds: Array.from({ length: ASSETS }, (__, asset) => firstAsset + index * ASSETS + asset) },
          ...{ maxInFlight: IN_FLIGHT, poll: { interval: '1s' }, deadline: '1h' },
        });
        return run.result();
      }),
    );
    const wallMs = (performance.now() - startedAt) * SPEED;
    const { user, system } = process.cpuUsage(cpu);
    const executions = reports.reduce((sum, report) => sum + report.executions, 0);
    const calls = reports.reduce((sum, report) => sum + report.apiCalls, 0);
    const { refused, againstAnnouncement, callsByPath } = product.simulator.stats();
    const made = product.simulator.state.calls.filter(({ path }) => !path.endsWith('/auth'));
    const sends = made.filter(({ path }) => path.endsWith('/execute')).map(({ at }) => at);
    const [firstAt = 0, lastSentAt = 0] = [made[0]?.at, sends.at(-1)];
    const inTime = made.filter(({ at }) => at <= lastSentAt).length;
    const offered = PER_WINDOW * (1 + Math.floor((lastSentAt - firstAt) / WINDOW_MS));
    const hit = [...product.simulator.state.executionsPerAsset().values()];
    console.log(
      JSON.stringify({
        ...{
          what: `product, clock ${SPEED}x`,
          runs,
          succeeded: reports.filter(({ status }) => status === 'succeeded').length,
          executions,
          calls,
        },
        callsPerExecution: round(calls / executions),
        wallSeconds: round(wallMs / SPEED / 1_000, 1),
        ofWindowsAndLongest: { byCallsMade: round(wallMs / boundOf(calls)), byFewestCalls: round(wallMs / boundOf(idealCalls)) },
        ofWhoKnowsTheEnds: round(wallMs / knowing({ ...subscription, callMs: 5 * SPEED }, calls)),
        budgetUsedWhileAssetsWait: round(inTime / offered),
        cpuShare: round((user + system) / 1_000 / (wallMs / SPEED)),
        ...{ refused, againstAnnouncement, twice: hit.filter((times) => times > 1).length, callsByPath },
      }),
    );
    await product.close();
  }
} finally {
  await lab?.close();
}
