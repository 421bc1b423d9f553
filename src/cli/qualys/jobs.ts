import type { ScriptJob } from '../../qualys/types.js';
import { EXIT, type Invocation } from '../invocation/context.js';
import type { Column } from '../terminal/table.js';
import { isoTime, tableTime } from './instants.js';
import { withQualys } from './output/connection.js';
import { instant, searchOf, walkCommand } from './output/walk.js';
import { writeRows } from './output/write-rows.js';

const COLUMNS: readonly Column<ScriptJob>[] = [
  { title: 'JOB', text: ({ id }) => id, align: 'right' },
  { title: 'CREATED (UTC)', text: ({ createdAt }) => tableTime(createdAt) },
  { title: 'SCRIPT', text: ({ scriptId }) => scriptId, align: 'right' },
  { title: 'TYPE', text: ({ executionType, isTest }) => `${executionType ?? ''}${isTest ? ' test' : ''}`.trim(), dispensable: true },
  { title: 'CORRELATION UUID', text: ({ correlationUuid }) => correlationUuid, flexible: true, dispensable: true },
];

export function jobsCommand(invocation: Invocation) {
  return walkCommand('jobs', 'list jobs, newest first (for states, list asset jobs)')
    .option('--filter <qql>', 'only these, such as scriptId:72648')
    .option('--start <time>', 'created or processed since', instant)
    .option('--end <time>', 'created or processed until', instant)
    .option('--v1', 'use the 2022 API, which reaches 9,999 rows')
    .action(async (options) => {
      await withQualys(invocation, options, async (link) => {
        const search = searchOf(options, link);
        const pages = options.v1 ? link.qualys.searchJobsV1(search) : link.qualys.searchJobs(search);
        await writeRows(invocation, { noun: 'jobs', columns: COLUMNS, pages, options, json: jsonOf });
      });
      invocation.exitCode = EXIT.done;
    });
}

function jsonOf({ createdAt, ...job }: ScriptJob): object {
  return { ...job, createdAt: isoTime(createdAt) };
}
