import { readdirSync, readFileSync } from 'node:fs';
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { describe, expect, test } from '@jest/globals';
import { processContext } from '../src/cli/process-context.js';
import { buildProgram } from '../src/cli/program.js';
import type { Operation } from '../src/qualys/catalog.js';
import { createQualys } from '../src/qualys/client.js';
import { recordingGate, settableClock } from '../test/support/gateway/client-harness.js';
import type { Coverage } from './api-coverage.js';
import { apiCoverageMarkdown, coveredOperations } from './api-coverage-markdown.js';

const text = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const activities = readdirSync(new URL('../src/activities', import.meta.url), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
  .map((file) => text(`src/activities/${file}`))
  .join('\n');
const program = await buildProgram({ ...processContext(), json: false, exitCode: undefined });
const declared: [string, Operation & Coverage][] = coveredOperations().map((operation) => [
  `${operation.method} ${operation.path}`,
  operation,
]);

describe('docs/api-coverage.md', () => {
  test('says what is declared: `npm run docs` writes it again', () => {
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

/** Words of a command that are neither one of the commands there are, nor an option or a choice of the last of them. */
function wordsUnknownTo(parent: CommandUnknownOpts, words: readonly string[]): readonly string[] {
  const [first = '', ...rest] = words;
  const child = parent.commands.find((command) => command.name() === first);
  if (child) return wordsUnknownTo(child, rest);
  if (parent.commands.length > 0) return words.length > 0 ? words : ['(a group is no command)'];
  const choices = parent.registeredArguments.flatMap(({ argChoices = [] }) => argChoices);
  return words.filter((word) => !choices.includes(word) && !parent.options.some(({ long }) => long === word));
}

describe('the check of commands', () => {
  test.each([
    ['qualys scripts list', []],
    ['qualys count assets', []],
    ['qualys scripts', ['(a group is no command)']],
    ['qualys scripts burn', ['burn']],
    ['qualys count tags', ['tags']],
    ['qualys jobs --v3', ['--v3']],
  ])('%s', (command, unknown) => {
    expect(wordsUnknownTo(program, command.split(' '))).toEqual(unknown);
  });
});

describe('docs/qualys-commands.md', () => {
  const examples = text('docs/qualys-commands.md').matchAll(/^ {4}overhaul (qualys [^|>\n]*)/gm);

  test.each([...examples].map(([, example = '']) => [example.trim()]))('%s', (example) => {
    // Values in quotes are no words of the command line.
    const words = example.replace(/"[^"]*"|'[^']*'/g, '…').split(' ');
    const firstOption = words.findIndex((word) => word.startsWith('--'));
    const path = words.slice(0, firstOption < 0 ? undefined : firstOption);
    const options = words.filter((word) => word.startsWith('--') && word !== '--json');
    const unknown = wordsUnknownTo(program, [...path, ...options]);
    // What is left of the path are arguments: an id, a title, a file or a folder, never the name of a command.
    expect(unknown.filter((word) => !/^(\d+|…|[\w-]+\.json|\.\/[\w-]+)$/.test(word))).toEqual([]);
  });
});

describe.each(declared)('%s', (_, { client, command, sample: [file, title] }) => {
  test('has the command that the table names, with an example', () => {
    expect(wordsUnknownTo(program, command.split(' '))).toEqual([]);
    const [words = ''] = command.split(' --');
    expect(text('docs/qualys-commands.md')).toContain(`overhaul ${words}`);
  });

  test('has the test of its sample that the table names', () => {
    expect(text(file)).toContain(`test('${title}'`);
  });

  // Versions and fallbacks of one call share a method: the table may say of one of them that it is used.
  test('is a method of the client, called by an activity if the table says so of it, and only then', async () => {
    const qualys = createQualys({
      baseUrl: 'http://127.0.0.1:1',
      username: 'u',
      password: () => 'p',
      gate: recordingGate(),
      clock: settableClock(),
    });
    expect(client === 'createQualys' ? 'function' : typeof qualys[client]).toBe('function');
    await qualys.close();
    const sharing = declared.filter(([, operation]) => operation.client === client);
    expect(activities.includes(`qualys.${client}(`)).toBe(sharing.some(([, { usedFor }]) => usedFor !== undefined));
  });
});
