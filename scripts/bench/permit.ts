// `npm run bench:permit`: what it costs that Temporal acknowledges every permit before its request leaves (decision 015): events of
// history beside the same run without the acknowledgement, and milliseconds beside the execute call that follows, in one run.
import type { ActivityDependencies } from '../../src/activities/dependencies.js';
import { median } from '../../src/domain/polling/cadence.js';
import { openLab } from './lab.js';

const EXECUTIONS = Number(process.env['EXECUTIONS'] ?? 240);
const ASSETS = EXECUTIONS * 25;
const first = 20_452_610;
const lab = await openLab();

async function measure(name: 'acknowledged' | 'unacknowledged') {
  const product = await lab.product({ simulator: { assets: ASSETS, speed: 600, seed: 7 } });
  const took = { tell: [] as number[], execute: [] as number[] };
  instrument(product.dependencies, took, name);
  const startedAt = performance.now();
  const run = await product.start(`bench-permit-${name}`, {
    script: 72648,
    targets: { assetIds: Array.from({ length: ASSETS }, (_, index) => first + index) },
    maxInFlight: 40,
    poll: { interval: '1s' },
    deadline: '10m',
    output: 'none',
  });
  const { status, executions } = await run.result();
  const seconds = (performance.now() - startedAt) / 1_000;
  const { events, histories } = await lab.historyOf(`bench-permit-${name}`);
  const [tell = 0, execute = 0] = [median(took.tell), median(took.execute)];
  console.log(
    JSON.stringify({
      ...{ acknowledged: name === 'acknowledged', status, executions, tells: took.tell.length, events, histories },
      eventsPerExecution: Number((events / executions).toFixed(2)),
      medianMs: { tell: Number(tell.toFixed(2)), execute: Number(execute.toFixed(2)) },
      tellToExecute: Number((tell / execute).toFixed(2)),
      seconds: Math.round(seconds),
    }),
  );
}

/** `unacknowledged`: the acknowledgement is given at once, by nobody. */
function instrument(
  dependencies: ActivityDependencies,
  took: { tell: number[]; execute: number[] },
  name: 'acknowledged' | 'unacknowledged',
): void {
  const { client, qualys } = dependencies;
  const heartbeat: typeof client.activity.heartbeat =
    name === 'unacknowledged'
      ? () => Promise.resolve()
      : (...given: unknown[]) =>
          timed(took.tell, () => (client.activity.heartbeat as (...all: unknown[]) => Promise<void>).apply(client.activity, given));
  dependencies.client = overlaid(client, { activity: overlaid(client.activity, { heartbeat }) });
  dependencies.qualys = overlaid(qualys, { execute: (asked) => timed(took.execute, () => qualys.execute(asked)) });
}

/** The same object with some of its members replaced: its own keep their private fields. */
function overlaid<T extends object>(own: T, members: Partial<T>): T {
  return new Proxy(own, {
    get(_own, key) {
      if (key in members) return members[key as keyof T];
      const value: unknown = own[key as keyof T];
      return typeof value === 'function' ? value.bind(own) : value;
    },
  });
}

async function timed<T>(taken: number[], work: () => Promise<T>): Promise<T> {
  const startedAt = performance.now();
  try {
    return await work();
  } finally {
    taken.push(performance.now() - startedAt);
  }
}

try {
  await measure('unacknowledged');
  await measure('acknowledged');
} finally {
  await lab.close();
}
