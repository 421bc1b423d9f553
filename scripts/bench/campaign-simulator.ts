// The simulator of the campaign's bench, in a process of its own: what it costs is neither the worker's nor the bare loop's.
import { startSimulator } from '../../src/simulator/index.js';
import { fleetOf } from './campaign-fleet.js';

/** What it answers when its parent asks. */
export interface Seen {
  calls: number;
  callsByPath: Readonly<Record<string, number>>;
  executions: number;
  assetJobs: number;
  /** Assets that got the script more than once. */
  twice: number;
}

async function serve(assets: number, latencyMs: number): Promise<void> {
  const simulator = await startSimulator(fleetOf({ assets, latencyMs }));
  process.on('message', () => {
    const { calls, callsByPath, executions, assetJobs } = simulator.stats();
    const twice = [...simulator.state.executionsPerAsset().values()].filter((times) => times > 1).length;
    process.send?.({ calls, callsByPath, executions, assetJobs, twice } satisfies Seen);
  });
  // Its parent is gone.
  process.once('disconnect', () => process.exit(0));
  process.send?.(simulator.url);
}

if (process.send) await serve(Number(process.argv[2]), Number(process.argv[3]));
