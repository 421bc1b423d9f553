import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { createQualys } from '../src/qualys/client.js';
import { type Operation, operations } from '../src/qualys/operations.js';
import { recordingGate, settableClock } from '../test/support/qualys-client.js';
import { apiCoverageMarkdown } from './api-coverage-markdown.js';

const text = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const activities = readdirSync(new URL('../src/activities', import.meta.url))
  .filter((file) => !file.endsWith('.test.ts'))
  .map((file) => text(`src/activities/${file}`))
  .join('\n');
const declared: [string, Operation][] = Object.values(operations).map((operation: Operation) => [
  `${operation.method} ${operation.path}`,
  operation,
]);

describe('docs/api-coverage.md', () => {
  test('says what is declared: `npm run docs` writes it anew', () => {
    expect(text('docs/api-coverage.md')).toBe(apiCoverageMarkdown());
  });

  test('covers the thirty documented operations, each once', () => {
    expect(declared.map(([, { number }]) => number)).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
    const pairs = declared.flatMap(([call, { method, alsoAt, number }]) =>
      alsoAt && number === 24 ? [call, `${method} ${alsoAt}`] : [call],
    );
    expect(new Set(pairs).size).toBe(31);
  });
});

describe.each(declared)('%s', (_, { client, usedFor, sample: [file, title] }) => {
  test('has the test of its sample that the table names', () => {
    expect(text(`src/qualys/${file}`)).toContain(`test('${title}'`);
  });

  test('is a method of the client, called by an activity if the table says so, and only then', async () => {
    const qualys = createQualys({
      baseUrl: 'http://127.0.0.1:1',
      username: 'u',
      password: () => 'p',
      gate: recordingGate(),
      clock: settableClock(),
    });
    expect(client === 'createQualys' ? 'function' : typeof qualys[client]).toBe('function');
    await qualys.close();
    expect(activities.includes(`qualys.${client}(`)).toBe(usedFor !== undefined);
  });
});
