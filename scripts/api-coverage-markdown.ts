import { type Operation, operations } from '../src/qualys/catalog.js';
import { type Coverage, coverage } from './api-coverage.js';

/** Operations that the documents name. */
const DOCUMENTED = 30;

/** What is declared of each operation, and who reaches it. */
export function coveredOperations(): (Operation & Coverage)[] {
  return Object.entries(coverage).map(([name, reached]) => ({ ...operations[name as keyof typeof operations], ...reached }));
}

/** The text of docs/api-coverage.md. */
export function apiCoverageMarkdown(): string {
  const declared = coveredOperations().sort((a, b) => a.number - b.number);
  const inRuns = declared.filter(({ usedFor }) => usedFor !== undefined).length;
  return `${[
    '# Coverage of the Qualys API',
    '',
    '<!-- Written by `npm run docs` from src/qualys/catalog.ts and scripts/api-coverage.ts: change it there. -->',
    '',
    `${declared.length} of ${DOCUMENTED} documented operations are declared, each with its command and the test of its documented sample; ${inRuns} are called by activities of a run, beside \`/auth\`, which is behind all of them.`,
    'The client is `createQualys` of `src/qualys/client.ts`. The samples of the documents are in `src/qualys/samples`, with a list of what was corrected. Commands: [qualys-commands.md](qualys-commands.md).',
    '',
    '| # | operation | client | kind | paging | command | workflow use | test of the sample |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ...declared.map((operation) => `| ${cells(operation).join(' | ')} |`),
    '',
    '`read` calls are repeated after hiccups; every other kind but `auth` has an effect and is sent once, and its result says whether it took effect. An empty cell means none.',
  ].join('\n')}\n`;
}

function cells({
  number,
  method,
  path,
  alsoAt,
  client,
  kind,
  paging,
  command,
  usedFor,
  sample: [file, title],
}: Operation & Coverage): string[] {
  return [
    String(number),
    `\`${method} ${path}\`${alsoAt === undefined ? '' : `, else \`${alsoAt}\``}`,
    `\`${client}\``,
    kind,
    paging === 'none' ? '' : paging,
    `\`overhaul ${command}\``,
    usedFor ?? '',
    `\`${file}\`: ${title}`,
  ];
}
