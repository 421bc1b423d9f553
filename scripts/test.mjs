// `npm test`: sets everything up, then runs every check and the whole test suite. `npm test -- path …` runs Jest alone on those paths.
// Ends with a line `N passed, N failed`, in which each check counts as one test.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './child-process.mjs';
import { ROOT, setUp } from './setup.mjs';

const RESULTS = join(ROOT, '.cache', 'jest-results.json');

/** What is checked before the tests run: a name, and the program of node_modules that checks it. */
const CHECKS = [
  ['format', '@biomejs/biome/bin/biome', 'check'],
  ['lint', 'eslint/bin/eslint.js', '.', '--max-warnings', '0'],
  ['types', 'typescript/bin/tsc', '-p', '.'],
  ['arrows between layers', 'dependency-cruiser/bin/dependency-cruise.mjs', 'src', 'test', '--config', '.dependency-cruiser.cjs'],
  ['dead code', 'knip/bin/knip.js'],
];

async function main(jestArguments) {
  await setUp();
  const tally = { passed: 0, failed: 0, skipped: 0 };
  if (jestArguments.length === 0) for (const [name, ...command] of CHECKS) add(tally, await check(name, command));
  add(tally, await runJest(jestArguments));
  return tally;
}

async function check(name, [program, ...args]) {
  console.log(`== ${name}`);
  const { code } = await run(process.execPath, [join(ROOT, 'node_modules', program), ...args], { cwd: ROOT, inherit: true });
  return code === 0 ? { passed: 1 } : { failed: 1 };
}

async function runJest(jestArguments) {
  console.log('== tests');
  mkdirSync(join(ROOT, '.cache'), { recursive: true });
  rmSync(RESULTS, { force: true });
  const jest = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js')];
  const args = [...jest, '--json', `--outputFile=${RESULTS}`, ...jestArguments];
  // --json also prints the results to stdout; the report for people goes to stderr.
  const { code } = await run(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] });
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
