// The five counts, whose wire forms differ (docs/qualys-api.md#filters); here they look alike.
import { Argument } from '@commander-js/extra-typings';
import type { CountOptions } from '../../qualys/operations.js';
import { EXIT, type Invocation, writeLine } from '../invocation/context.js';
import { type Column, writeTable } from '../terminal/table.js';
import { withQualys } from './output/connection.js';
import { instant, oneCommand } from './output/walk.js';
import { writeOne } from './output/write-one.js';

type Group = readonly [value: string, count: number];

const COUNTED = ['scripts', 'jobs', 'asset-jobs', 'schedules', 'assets'] as const;
const COLUMNS: readonly Column<Group>[] = [
  { title: 'COUNT', text: ([, count]) => count.toLocaleString('en-US'), align: 'right' },
  { title: 'VALUE', text: ([value]) => value, flexible: true },
];

export function countCommand(invocation: Invocation) {
  return oneCommand('count', 'count scripts, jobs, asset jobs, schedules or assets')
    .addArgument(new Argument('<what>', COUNTED.join(', ')).choices(COUNTED))
    .option('--filter <qql>', 'only these, such as status:APPROVED')
    .option('--group-by <field>', 'one count per value of a field, such as status')
    .option('--start <time>', 'since (not for assets)', instant)
    .option('--end <time>', 'until (not for assets)', instant)
    .action(async (what, options) => {
      const { groupBy } = options;
      await withQualys(invocation, options, async ({ qualys, signal }) => {
        const asked = { ...questionOf(options), signal };
        if (groupBy === undefined) {
          const count = await qualys.count(what, asked);
          await writeOne(invocation, { value: { count }, lines: [[{ text: count.toLocaleString('en-US') }]], options });
          return;
        }
        const counts = await qualys.countBy(what, groupBy, asked);
        if (invocation.json || options.out !== undefined) await writeOne(invocation, { value: { groupBy, counts }, lines: [], options });
        else if (Object.keys(counts).length === 0) await writeLine(invocation.stderr, `No ${what.replace('-', ' ')} to count.`);
        else await writeTable(invocation, COLUMNS, [largestFirst(counts)]);
      });
      invocation.exitCode = EXIT.done;
    });
}

function questionOf({ filter, start, end }: { filter?: string; start?: number; end?: number }): CountOptions {
  return {
    ...(filter === undefined ? {} : { filter }),
    ...(start === undefined ? {} : { startAt: start }),
    ...(end === undefined ? {} : { endAt: end }),
  };
}

function largestFirst(counts: Readonly<Record<string, number>>): Group[] {
  return Object.entries(counts).sort(([, a], [, b]) => b - a);
}
