// The order of the test files. What mostly waits for timers and deaths goes first and is mixed with what computes, so that the processors
// always have something to do, and nothing long is left for the end, when it would run alone.

/** Whole systems, which wait: the longest by name, then the rest of these folders. */
const LONGEST = ['chaos/campaign-deaths', 'workflows/pages', 'workflows/campaign-rollback', 'workflows/reset', 'rehearsal/three-weeks'];
const WAITING = /[\\/]test[\\/](chaos|workflows|rehearsal|e2e)[\\/]/;
/** Computes longest, so it must not begin last. */
const FIRST_TO_COMPUTE = /[\\/](mutations|late-words|gav-xml|sqlite)\.test\.ts$/;

/** Jest's sequencer: it is asked for the order, for a shard, and told what came of it. */
export default class Order {
  sort(tests) {
    const waiting = tests.filter(({ path }) => WAITING.test(path)).sort((a, b) => rank(a) - rank(b) || a.path.localeCompare(b.path));
    const computing = tests
      .filter(({ path }) => !WAITING.test(path))
      .sort((a, b) => Number(FIRST_TO_COMPUTE.test(b.path)) - Number(FIRST_TO_COMPUTE.test(a.path)) || a.path.localeCompare(b.path));
    return mixed(waiting, computing);
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

function rank({ path }) {
  const at = LONGEST.findIndex((name) => path.replaceAll('\\', '/').endsWith(`/test/${name}.test.ts`));
  return at === -1 ? LONGEST.length : at;
}

/** Each list in its order, the shorter one spread over the longer. */
function mixed(first, second) {
  const places = (list) => list.map((test, index) => [index / list.length, test]);
  return [...places(first), ...places(second)].sort(([a], [b]) => a - b).map(([, test]) => test);
}
