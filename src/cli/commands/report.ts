import { Option } from '@commander-js/extra-typings';
import { whyNotWritten } from '../../domain/basics/file-failure.js';
import type { RunReport } from '../../domain/run/outcome.js';
import { readNotJoined } from '../../domain/targets/join-record.js';
import type { Ledger } from '../../ledger/index.js';
import type { RunRow } from '../../ledger/rows/run.js';
import { withLedger } from '../data/ledger-access.js';
import { refusalOf, unknownRun } from '../data/sources.js';
import { command } from '../heads.js';
import { CommandFailed, EXIT, type Invocation, writeLine } from '../invocation/context.js';

type Format = 'json' | 'csv' | 'html';

export function reportCommand(invocation: Invocation) {
  return command('report')
    .argument('<id>', 'workflow id')
    .addOption(new Option('--format <word>', 'html, csv or json').choices(['html', 'csv', 'json'] as const).default('json' as const))
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

type FinishedRun = RunRow & { report: RunReport };

function isFinished(run: RunRow): run is FinishedRun {
  return run.report !== undefined;
}

async function reportChunks(format: Format, ledger: Ledger, run: FinishedRun): Promise<AsyncIterable<string>> {
  const { reader } = ledger;
  switch (format) {
    case 'json': {
      const { failuresOf } = await import('../../reports/facts.js');
      const { jsonReport } = await import('../../reports/json.js');
      const notJoined = readNotJoined(await ledger.audit.of(run.id));
      return jsonReport(run.report, reader.allAssets(run.id), { notJoined, failures: await failuresOf(ledger, run) });
    }
    case 'csv':
      return (await import('../../reports/csv.js')).csvReport(reader.allAssets(run.id));
    case 'html': {
      const { reportFacts } = await import('../../reports/facts.js');
      const { htmlReport } = await import('../../reports/html/page.js');
      return htmlReport(await reportFacts(ledger, run), (outcome, wave) => reader.allAssets(run.id, { outcome, wave }));
    }
  }
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
