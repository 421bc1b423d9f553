import { Option } from '@commander-js/extra-typings';
import { whyNotWritten } from '../../domain/basics/file-failure.js';
import type { Ledger } from '../../ledger/index.js';
import type { RunRow } from '../../ledger/rows/run.js';
import { refusalOf } from '../../runs/observe.js';
import { isFinished, REPORT_FORMATS, reportChunks } from '../../runs/report.js';
import { withLedger } from '../data/ledger-access.js';
import { unknownRun } from '../data/sources.js';
import { command } from '../heads.js';
import { CommandFailed, EXIT, type Invocation, writeLine } from '../invocation/context.js';

export function reportCommand(invocation: Invocation) {
  return command('report')
    .argument('<id>', 'workflow id')
    .addOption(new Option('--format <word>', 'html, csv or json').choices(REPORT_FORMATS).default('json' as const))
    .option('--out <file>', 'write to this file, atomically (default: stdout)')
    .action(async (workflowId, { format, out }) => {
      await withLedger(invocation, async (ledger) => {
        const run = await ledger.runs.get(workflowId);
        if (!run) throw unknownRun(workflowId);
        if (!isFinished(run)) {
          if (run.finishedAt !== undefined) throw await refused(ledger, run);
          const state = run.paused ? 'paused' : run.phase;
          throw new CommandFailed(
            EXIT.notSucceeded,
            `${workflowId} is not finished (${state}), so it has no report yet. Wait for it with: overhaul watch ${workflowId}`,
          );
        }
        const chunks = await reportChunks(format, ledger, run);
        if (out !== undefined) await toFile(invocation, out, chunks);
        else for await (const chunk of chunks) await invocation.stdout.write(chunk);
      });
      invocation.exitCode = EXIT.done;
    });
}

async function refused(ledger: Ledger, { id }: RunRow): Promise<CommandFailed> {
  const why = (await refusalOf(ledger, id)) ?? `See why with: overhaul show ${id}`;
  return new CommandFailed(EXIT.notSucceeded, `${id} was refused before anything was sent, so it has no report. ${why}`);
}

async function toFile({ stderr }: Invocation, path: string, chunks: AsyncIterable<string>): Promise<void> {
  const { writeReportFile } = await import('../../reports/file.js');
  try {
    await writeReportFile(path, chunks);
  } catch (error) {
    throw new CommandFailed(EXIT.usage, `Cannot write the report to ${path}: ${whyNotWritten(error)}`);
  }
  await writeLine(stderr, `Wrote ${path}`);
}
