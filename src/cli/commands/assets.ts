import { Option } from '@commander-js/extra-typings';
import { type AssetRow, LIVE_OUTCOMES, OUTCOMES } from '../../domain/run/outcome.js';
import { inBatches } from '../../reports/batches.js';
import { jsonArray, jsonLines } from '../../reports/json.js';
import { withLedger } from '../data/ledger-access.js';
import { unknownRun } from '../data/sources.js';
import { command } from '../heads.js';
import { EXIT, type Invocation, writeLine } from '../invocation/context.js';
import { OUTCOME_STYLE } from '../terminal/paint.js';
import { type Column, writeTable } from '../terminal/table.js';

const ROWS_PER_PAGE = 500;
const COLUMNS: readonly Column<AssetRow>[] = [
  { title: 'ASSET', text: ({ assetId }) => assetId },
  { title: 'OUTCOME', text: ({ outcome }) => outcome, style: ({ outcome }) => OUTCOME_STYLE[outcome] },
  { title: 'EXIT', text: ({ exitCode }) => (exitCode === undefined ? '' : String(exitCode)), align: 'right', dispensable: true },
  { title: 'TRY', text: ({ attempt }) => String(attempt), align: 'right', dispensable: true },
  { title: 'WAVE', text: ({ wave }) => wave ?? '', isEmpty: ({ wave }) => wave === undefined, dispensable: true },
  { title: 'RULE', text: ruleOf, isEmpty: (row) => ruleOf(row) === '', dispensable: true },
  { title: 'NAME', text: ({ name }) => name ?? '', flexible: true },
  { title: 'REASON', text: ({ reason, status }) => reason ?? status ?? '', flexible: true },
];

/** Nothing where Qualys' own word decided. */
function ruleOf({ rule = 'default' }: AssetRow): string {
  return rule === 'default' ? '' : rule;
}

export function assetsCommand(invocation: Invocation) {
  return command('assets')
    .argument('<id>', 'workflow id')
    .addOption(new Option('--outcome <word>', 'only these').choices([...OUTCOMES, ...LIVE_OUTCOMES] as const))
    .option('--q <text>', 'only assets whose id or name contains this text')
    .option('--jsonl', 'one JSON document per line')
    .action(async (workflowId, { outcome, q, jsonl }) => {
      await withLedger(invocation, async ({ reader }) => {
        if (!(await reader.run(workflowId))) throw unknownRun(workflowId);
        const rows = reader.allAssets(workflowId, { outcome, q });
        if (jsonl) for await (const chunk of jsonLines(rows)) await invocation.stdout.write(chunk);
        else if (invocation.json) {
          for await (const chunk of jsonArray(rows)) await invocation.stdout.write(chunk);
          await invocation.stdout.write('\n');
        } else if ((await writeTable(invocation, COLUMNS, inBatches(rows, ROWS_PER_PAGE))) === 0)
          await writeLine(invocation.stderr, emptyText(workflowId, outcome, q));
      });
      invocation.exitCode = EXIT.done;
    });
}

function emptyText(workflowId: string, outcome: string | undefined, q: string | undefined): string {
  const which = [
    ...(outcome === undefined ? [] : [`with outcome ${outcome}`]),
    ...(q === undefined ? [] : [`whose id or name contains "${q}"`]),
  ];
  return which.length === 0 ? `${workflowId} has no assets yet.` : `${workflowId} has no assets ${which.join(' and ')}.`;
}
