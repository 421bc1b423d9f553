// `npm test`: sets everything up, then runs the whole test suite and, beside it, the build and every check: the tests mostly wait. `npm
// test -- path …` runs the build and Jest alone, on those paths. Ends with a line `N passed, N failed`, in which each check counts as one
// test.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from './child-process.mjs';
import { setUpChromium } from './chromium.mjs';
import { ROOT, setUpPackages } from './setup.mjs';

/** A test that leaves something open would keep Jest waiting forever. */
const TESTS_MS = 30 * 60_000;
const RESULTS = join(ROOT, '.cache', 'jest-results.json');

/** A test packs dist/, so it is built in any case. A build that fails is a failure among others, not the end. */
const BUILD = ['build', 'scripts/build.mjs'];
/** Is there when the build has ended, whichever way: what needs dist/ waits for it (test/house/public-door.test.ts). */
const BUILD_ENDED = join(ROOT, '.cache', `build-ended-${process.pid}`);
/** What else is checked: a name, and the program that checks it. */
const CHECKS = [
  ['format', 'node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '--diagnostic-level=warn'],
  ['lint', 'node_modules/eslint/bin/eslint.js', '.', '--max-warnings', '0'],
  ['types', 'node_modules/typescript/bin/tsc', '-p', '.'],
  ['types of the dashboard', 'node_modules/typescript/bin/tsc', '-p', 'src/dashboard'],
  [
    'arrows between layers',
    'node_modules/dependency-cruiser/bin/dependency-cruise.mjs',
    'src',
    'test',
    '--config',
    '.dependency-cruiser.cjs',
  ],
  ['dead code', 'node_modules/knip/bin/knip.js'],
  ['copies', 'node_modules/jscpd/bin/jscpd'],
  ['spelling', 'node_modules/cspell/bin.mjs', 'lint', '--no-progress', '--cache', '--cache-location', '.cache/cspell.json'],
];

async function main(jestArguments) {
  await setUpPackages();
  if (jestArguments.length === 0) await setUpChromium(console.log);
  const tally = { passed: 0, failed: 0, skipped: 0 };
  mkdirSync(dirname(BUILD_ENDED), { recursive: true });
  process.once('exit', () => rmSync(BUILD_ENDED, { force: true }));
  const checks = (async () => {
    add(tally, await check(BUILD));
    writeFileSync(BUILD_ENDED, '');
    for (const each of jestArguments.length === 0 ? CHECKS : []) add(tally, await check(each));
  })();
  add(tally, await runJest(jestArguments));
  await checks;
  return tally;
}

/** What it says is shown in one piece when it has ended. */
async function check([name, program, ...args]) {
  const { code, stdout, stderr } = await run(process.execPath, [join(ROOT, program), ...args], { cwd: ROOT });
  console.log(
    [`== ${name}: ${code === 0 ? 'passed' : 'failed'}`, stdout, stderr]
      .map((part) => part.trim())
      .filter(Boolean)
      .join('\n'),
  );
  return code === 0 ? { passed: 1 } : { failed: 1 };
}

async function runJest(jestArguments) {
  console.log('== tests');
  rmSync(RESULTS, { force: true });
  const jest = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js')];
  const args = [...jest, '--json', `--outputFile=${RESULTS}`, ...jestArguments];
  // --json also prints the results to stdout; the report for people goes to stderr.
  const limits = { timeoutMs: TESTS_MS, killSignal: 'SIGTERM' };
  const env = { ...process.env, TEST_BUILD_ENDED: BUILD_ENDED };
  const { code, stopped } = await run(process.execPath, args, { cwd: ROOT, env, stdio: ['ignore', 'ignore', 'inherit'], ...limits });
  if (stopped) console.log(`The tests were ended: ${stopped} Something that a test started may still be running in it.`);
  if (!existsSync(RESULTS)) return { failed: 1 };
  const results = JSON.parse(readFileSync(RESULTS, 'utf8'));
  // A file that does not load has no tests to count, and a run can fail outside of every test.
  const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
  return {
    passed: results.numPassedTests,
    failed: code === 0 ? failed : Math.max(1, failed),
    skipped: results.numPendingTests + results.numTodoTests,
  };
}

function add(tally, { passed = 0, failed = 0, skipped = 0 }) {
  tally.passed += passed;
  tally.failed += failed;
  tally.skipped += skipped;
}

function lastLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

try {
  const tally = await main(process.argv.slice(2));
  console.log(lastLine(tally));
  process.exitCode = tally.failed > 0 || tally.passed === 0 ? 1 : 0;
} catch (error) {
  console.error(error.message);
  console.log(lastLine({ passed: 0, failed: 1, skipped: 0 }));
  process.exitCode = 1;
}
