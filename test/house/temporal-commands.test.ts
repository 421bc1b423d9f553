// What the documents say to type into Temporal's own command line: without two of its flags it answers 0 for a start that it dropped,
// and waits forever where no worker runs.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** What waits until a worker has answered. */
const WAITS = /^temporal workflow (execute|query|result|stack|metadata|update (execute|start|result)|(start|execute)-update-with-start)\b/;
const STARTS = /^temporal workflow (start|execute)\b(?!-)/;

function filesIn(folder: string, ending: string): string[] {
  return readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith(ending))
    .map((path) => `${folder}/${path}`);
}

/** Commands with what follows on their next lines, be they a line of their own or a part of a sentence; a bare name is none. */
function commandsIn(text: string): string[] {
  const lines = text.replaceAll(/\\\n\s*/g, '').split('\n');
  const ownLine = lines.map((line) => line.trim().replace(/^\$ /, '')).filter((line) => line.startsWith('temporal workflow '));
  const inSentences = lines.flatMap((line) =>
    [...line.matchAll(/`(?:\$ )?(temporal workflow [^`]*)`/g)].map(([, command]) => command ?? ''),
  );
  return [...ownLine, ...inSentences].filter((command) => / -/.test(command));
}

function missingIn(command: string): string[] {
  return [
    ...(STARTS.test(command) && !/ --fail-existing\b/.test(command) ? ['--fail-existing'] : []),
    ...(WAITS.test(command) && !/ --command-timeout[ =]\d+[sm]\b/.test(command) ? ['--command-timeout'] : []),
  ];
}

describe('commands of Temporal', () => {
  const documents = ['README.md', 'ARCHITECTURE.md', ...filesIn('docs', '.md'), ...filesIn('src', '.ts')];
  const written = documents.flatMap((path) => commandsIn(readFileSync(`${root}${path}`, 'utf8')).map((command) => ({ path, command })));

  test('are found: a start, a query and an update', () => {
    const all = written.map(({ command }) => command).join('\n');
    for (const name of ['workflow start', 'workflow query', 'workflow update execute']) expect(all).toContain(`temporal ${name} `);
  });

  test('carry --fail-existing where they start, and --command-timeout where they wait for a worker', () => {
    expect(written.map((one) => ({ ...one, missing: missingIn(one.command) })).filter(({ missing }) => missing.length > 0)).toEqual([]);
  });

  test.each([
    ['    temporal workflow start --type remediationRun \\\n      --input 1', ['--fail-existing']],
    ['Type `temporal workflow execute --type x` there.', ['--fail-existing', '--command-timeout']],
    ['    temporal workflow update execute --name pause', ['--command-timeout']],
    ['    $ temporal workflow result -w x', ['--command-timeout']],
    ['    temporal workflow start --type x \\\n      --fail-existing', []],
    ['    temporal workflow query --command-timeout 60s --name progress', []],
    ['`temporal workflow describe -w x`', []],
  ])('%j lacks %j', (text, missing) => {
    const [command = ''] = commandsIn(text);
    expect(command).toMatch(/^temporal workflow /);
    expect(missingIn(command)).toEqual(missing);
  });
});
