// `overhaul open-copies`: what still is with agents past its deadline, over all runs of the ledger. It reads, and asks nobody.
import { durationMs } from '../../domain/clock/duration.js';
import type { OpenCopy } from '../../ledger/rows/copies.js';
import { inBatches } from '../../reports/batches.js';
import { jsonArray } from '../../reports/json.js';
import { withLedger } from '../data/ledger-access.js';
import { command } from '../heads.js';
import { CommandFailed, EXIT, type Invocation, writeLine } from '../invocation/context.js';
import { type Column, writeTable } from '../terminal/table.js';

const ROWS_PER_PAGE = 500;
const COLUMNS: readonly Column<OpenCopy>[] = [
  { title: 'ASSET', text: ({ assetId }) => assetId },
  { title: 'NAME', text: ({ name }) => name ?? '', isEmpty: ({ name }) => name === undefined, flexible: true },
  { title: 'SCRIPT', text: ({ script }) => `${script.title} (${script.id})`, flexible: true },
  { title: 'SINCE', text: ({ since }) => new Date(since).toISOString().slice(0, 16).replace('T', ' ') },
  { title: 'OUTCOME', text: outcomeText, dispensable: true },
  { title: 'LAST WORD', text: ({ status }) => status ?? '', isEmpty: ({ status }) => status === undefined, dispensable: true },
  { title: 'EXECUTION', text: ({ execution }) => (execution === undefined ? '' : String(execution)), align: 'right', dispensable: true },
  { title: 'RUN', text: ({ runId }) => runId },
];

export function openCopiesCommand(invocation: Invocation) {
  return command('open-copies')
    .option('--older-than <duration>', 'only copies sent at least this long ago, such as 12h or 7d')
    .action(async ({ olderThan }) => {
      const olderThanMs = olderThan === undefined ? undefined : durationMs(olderThan);
      if (olderThan !== undefined && olderThanMs === undefined)
        throw new CommandFailed(
          EXIT.usage,
          `--older-than: ${JSON.stringify(olderThan.slice(0, 60))} is not a duration. Use 12h or 7d, for example.`,
        );
      await withLedger(invocation, async ({ copies }) => {
        const rows = copies.list({ olderThanMs });
        if (invocation.json) {
          for await (const chunk of jsonArray(asJson(rows))) await invocation.stdout.write(chunk);
          await invocation.stdout.write('\n');
        } else if ((await writeTable(invocation, COLUMNS, inBatches(rows, ROWS_PER_PAGE))) === 0)
          await writeLine(invocation.stderr, 'No copies are open past their deadline.');
      });
      invocation.exitCode = EXIT.done;
    });
}

async function* asJson(rows: AsyncIterable<OpenCopy>): AsyncGenerator<object> {
  for await (const { since, ...copy } of rows) yield { ...copy, since: new Date(since).toISOString() };
}

function outcomeText({ outcome, reason }: OpenCopy): string {
  if (outcome === undefined) return 'outside the cohort';
  return reason === undefined ? outcome : `${outcome}: ${reason}`;
}
