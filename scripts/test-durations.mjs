// `npm run test-durations`: writes down how long each test file took in the last whole `npm test`, for the order of the next
// (test/support/order.mjs).
import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ROOT } from './setup.mjs';

/** Where a shorter one stands makes no difference. */
const LEAST_SECONDS = 2;
/** Fewer are no whole run. */
const LEAST_FILES = 100;

const { testResults } = JSON.parse(readFileSync(join(ROOT, '.cache', 'jest-results.json'), 'utf8'));
if (testResults.length < LEAST_FILES) throw new Error(`The last run had ${testResults.length} files only: run all of npm test first.`);
const durations = testResults
  .map(({ name, startTime, endTime }) => [relative(ROOT, name).replaceAll('\\', '/'), Math.round((endTime - startTime) / 1_000)])
  .filter(([, seconds]) => seconds >= LEAST_SECONDS)
  .sort(([a, longer], [b, shorter]) => shorter - longer || a.localeCompare(b));
writeFileSync(join(ROOT, 'test/support/durations.json'), `${JSON.stringify(Object.fromEntries(durations), null, 2)}\n`);
console.log(`${durations.length} of ${testResults.length} test files take ${LEAST_SECONDS} s or more.`);
