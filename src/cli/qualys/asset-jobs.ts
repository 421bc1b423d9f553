import { readAssetJob } from '../../domain/verdict/asset-job.js';
import type { AssetJobRow, WalkOptions } from '../../qualys/types.js';
import { EXIT, type Invocation } from '../invocation/context.js';
import { OUTCOME_STYLE, type Style } from '../terminal/paint.js';
import type { Column } from '../terminal/table.js';
import { isoTime, tableTime } from './instants.js';
import { type QualysLink, withQualys } from './output/connection.js';
import { instant, searchOf, walkCommand } from './output/walk.js';
import { writeRows } from './output/write-rows.js';

const COLUMNS: readonly Column<AssetJobRow>[] = [
  { title: 'JOB', text: ({ jobId }) => jobId, align: 'right', dispensable: true },
  { title: 'ASSET', text: ({ assetId }) => assetId, align: 'right' },
  { title: 'STATUS', text: ({ status }) => status, style: statusStyle },
  { title: 'EXIT', text: ({ exitCode }) => (exitCode === undefined ? '' : String(exitCode)), align: 'right', dispensable: true },
  { title: 'ENDED (UTC)', text: ({ finishedAt, endedAt }) => tableTime(finishedAt ?? endedAt), dispensable: true },
  { title: 'NAME', text: ({ assetName }) => assetName ?? '', flexible: true, dispensable: true },
];
const OUTPUT: Column<AssetJobRow> = { title: 'OUTPUT', text: ({ output }) => output?.toString('utf8').trim() ?? '', flexible: true };

export function assetJobsCommand(invocation: Invocation) {
  return walkCommand('asset-jobs', 'list results of scripts per asset, oldest first')
    .option('--filter <qql>', 'only these, such as job.id:80507')
    .option('--start <time>', 'created or processed since', instant)
    .option('--end <time>', 'created or processed until', instant)
    .option('--output-content', 'include script output: up to 1 MB per asset, 25 assets per call')
    .option('--v1', 'use the 2022 API, which reaches 9,999 rows')
    .action(async (options) => {
      const { outputContent = false } = options;
      await withQualys(invocation, options, async (link) => {
        const { qualys } = link;
        const search = { ...searchWithOutput(options, link, outputContent), includeOutput: outputContent };
        const pages = options.v1 ? qualys.searchAssetJobsV1(search) : qualys.searchAssetJobs(search);
        const columns = outputContent ? [...COLUMNS, OUTPUT] : COLUMNS;
        await writeRows(invocation, { noun: 'asset jobs', columns, pages, options, json: jsonOf });
      });
      invocation.exitCode = EXIT.done;
    });
}

/** Pages with output are megabytes: without a word of the operator the client's own small pages hold. */
function searchWithOutput(options: Parameters<typeof searchOf>[0], link: QualysLink, outputContent: boolean): WalkOptions {
  const { pageSize, ...search } = searchOf(options, link);
  return outputContent && options.pageSize === undefined ? search : { ...search, ...(pageSize === undefined ? {} : { pageSize }) };
}

/** `output` is the text, absent where Qualys sent none: that is not an empty output. Undefined fields are left out by JSON itself. */
function jsonOf(job: AssetJobRow): object {
  // Field by field: a spread costs more than all of the rest.
  return {
    id: job.id,
    jobId: job.jobId,
    correlationUuid: job.correlationUuid,
    assetId: job.assetId,
    assetName: job.assetName,
    agentUuid: job.agentUuid,
    status: job.status,
    exitCode: job.exitCode,
    disconnected: job.disconnected,
    checkedInAt: job.checkedInAt,
    bootedAt: job.bootedAt,
    createdAt: isoTime(job.createdAt),
    startedAt: isoTime(job.startedAt),
    finishedAt: isoTime(job.finishedAt),
    endedAt: isoTime(job.endedAt),
    output: job.output?.toString('utf8'),
    outputBytes: job.output?.length,
  } satisfies Record<keyof AssetJobRow | 'outputBytes', unknown>;
}

function statusStyle(job: AssetJobRow): Style | undefined {
  const reading = readAssetJob(job);
  if (reading.kind === 'verdict') return OUTCOME_STYLE[reading.verdict.outcome];
  return reading.kind === 'unknown' ? 'warn' : 'info';
}
