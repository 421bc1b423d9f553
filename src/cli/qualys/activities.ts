import type { AuditRecord } from '../../qualys/types.js';
import { EXIT, type Invocation } from '../invocation/context.js';
import type { Column } from '../terminal/table.js';
import { isoTime, tableTime } from './instants.js';
import { withQualys } from './output/connection.js';
import { instant, searchOf, walkCommand } from './output/walk.js';
import { writeRows } from './output/write-rows.js';

const COLUMNS: readonly Column<AuditRecord>[] = [
  { title: 'AT (UTC)', text: ({ at }) => tableTime(at) },
  { title: 'ACTION', text: ({ action }) => action },
  { title: 'USER', text: ({ user }) => user, flexible: true, dispensable: true },
  { title: 'SCRIPT', text: ({ targetId }) => targetId ?? '', align: 'right', dispensable: true },
  { title: 'TITLE', text: ({ targetName }) => targetName, flexible: true },
];

export function activitiesCommand(invocation: Invocation) {
  return walkCommand('activities', 'list the audit trail: who created, approved or executed which script')
    .option('--filter <qql>', 'only these, such as activity:EXECUTE')
    .option('--start <time>', 'since', instant)
    .option('--end <time>', 'until', instant)
    .action(async (options) => {
      await withQualys(invocation, options, async (link) => {
        const pages = link.qualys.activities(searchOf(options, link));
        await writeRows(invocation, { noun: 'activities', columns: COLUMNS, pages, options, json: jsonOf });
      });
      invocation.exitCode = EXIT.done;
    });
}

function jsonOf({ at, ...record }: AuditRecord): object {
  return { ...record, at: isoTime(at) };
}
