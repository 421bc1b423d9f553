import { Command, Option } from '@commander-js/extra-typings';
import type { AssetRow, RunReport } from '../domain/outcome.js';
import { CommandFailed, EXIT, type Invocation, writeLine } from './context.js';
import { withLedger } from './ledger-access.js';
import { unknownRun } from './sources.js';

type Format = 'json' | 'csv' | 'html';

export function reportCommand(invocation: Invocation) {
  return new Command('report')
    .description('write the report of a finished run')
    .argument('<id>', 'workflow id')
    .addOption(new Option('--format <word>', 'html, csv or json').choices(['html', 'csv', 'json'] as const).default('json' as const))
    .option('--out <file>', 'write to this file, whole or not at all (default: stdout)')
    .action(async (workflowId, { format, out }) => {
      await withLedger(invocation, async ({ reader, runs }) => {
        const run = await runs.get(workflowId);
        if (!run) throw unknownRun(workflowId);
        if (!run.report) {
          const state = run.paused ? 'paused' : run.phase;
          throw new CommandFailed(
            EXIT.notSucceeded,
            `${workflowId} is not finished (${state}): its report comes at the end. \`overhaul watch ${workflowId}\` waits for it.`,
          );
        }
        const chunks = await reportChunks(format, run.report, reader.allAssets(workflowId));
        if (out !== undefined) await toFile(invocation, out, chunks);
        else for await (const chunk of chunks) await invocation.stdout.write(chunk);
      });
      invocation.exitCode = EXIT.done;
    });
}

async function reportChunks(format: Format, report: RunReport, assets: AsyncIterable<AssetRow>): Promise<AsyncIterable<string>> {
  switch (format) {
    case 'json':
      return (await import('../report/json-report.js')).jsonReport(report, assets);
    case 'csv':
      return (await import('../report/csv-report.js')).csvReport(assets);
    case 'html':
      return (await import('../report/html-report.js')).htmlReport(report, assets);
  }
}

async function toFile({ stderr }: Invocation, path: string, chunks: AsyncIterable<string>): Promise<void> {
  const { writeReportFile } = await import('../report/report-file.js');
  try {
    await writeReportFile(path, chunks);
  } catch (error) {
    throw new CommandFailed(
      EXIT.usage,
      `The report cannot be written to ${path}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  await writeLine(stderr, `Wrote ${path}`);
}
