// The order of the test files, by how long each has taken (durations.json, written by `npm run test-durations`). What mostly waits for
// timers and deaths and what computes are mixed by time, so that the processors always have something to do; of both the longest begin
// first, so that nothing long runs alone at the end.
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
/** Seconds by path, of those that take a few. */
export const DURATIONS = JSON.parse(readFileSync(join(ROOT, 'test/support/durations.json'), 'utf8'));
/** Whole systems. */
const WAITING = /^test\/(chaos|workflows|rehearsal|e2e)\//;
/** Of a file that is not in the list: a new one that waits is likely to be long. */
const UNKNOWN_SECONDS = { waiting: 15, computing: 1 };

/** Jest's sequencer: it is asked for the order, for a shard, and told what came of it. */
export default class Order {
  sort(tests) {
    const timed = tests.map((test) => ({ test, ...timeOf(relative(ROOT, test.path).replaceAll('\\', '/')) }));
    const [waiting, computing] = [timed.filter(({ waits }) => waits), timed.filter(({ waits }) => !waits)];
    return [...placed(waiting), ...placed(computing)].sort((a, b) => a.at - b.at).map(({ test }) => test);
  }

  shard(tests, { shardIndex, shardCount }) {
    return this.sort([...tests]).filter((_, index) => index % shardCount === shardIndex - 1);
  }

  allFailedTests(tests) {
    return tests;
  }

  cacheResults() {
    // The order is the same on every machine and in every run.
  }
}

function timeOf(path) {
  const waits = WAITING.test(path);
  return { path, waits, seconds: DURATIONS[path] ?? (waits ? UNKNOWN_SECONDS.waiting : UNKNOWN_SECONDS.computing) };
}

/** The longest first, each with the part of its list's time that lies before it. */
function placed(list) {
  const all = list.reduce((sum, { seconds }) => sum + seconds, 0);
  let before = 0;
  return list
    .sort((a, b) => b.seconds - a.seconds || a.path.localeCompare(b.path))
    .map((one) => {
      const at = before / all;
      before += one.seconds;
      return { ...one, at };
    });
}
