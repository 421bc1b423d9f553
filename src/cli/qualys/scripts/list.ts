import type { Script } from '../../../qualys/types.js';
import { EXIT, type Invocation } from '../../invocation/context.js';
import type { Column } from '../../terminal/table.js';
import { withQualys } from '../output/connection.js';
import { searchOf, walkCommand } from '../output/walk.js';
import { writeRows } from '../output/write-rows.js';

const COLUMNS: readonly Column<Script>[] = [
  { title: 'ID', text: ({ id }) => id, align: 'right' },
  { title: 'TITLE', text: ({ title }) => title, flexible: true },
  { title: 'STATUS', text: ({ status }) => status, style: ({ status }) => (status === 'APPROVED' ? 'good' : 'warn') },
  { title: 'PLATFORM', text: ({ platform }) => platform, dispensable: true },
];

export function scriptsListCommand(invocation: Invocation) {
  return walkCommand('list', 'list scripts')
    .option('--filter <qql>', 'only these, such as status:APPROVED')
    .action(async (options) => {
      await withQualys(invocation, options, async (link) => {
        const pages = link.qualys.searchScripts(searchOf(options, link));
        await writeRows(invocation, { noun: 'scripts', columns: COLUMNS, pages, options });
      });
      invocation.exitCode = EXIT.done;
    });
}
