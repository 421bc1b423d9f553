// `overhaul logs ID`: the audit log of a run, which says who did what and what Overhaul found, as it grows.
import type { Ledger } from '../../ledger/index.js';
import type { AuditEntry } from '../../ledger/rows/audit.js';
import { withLedger } from '../data/ledger-access.js';
import { unknownRun } from '../data/sources.js';
import { command } from '../heads.js';
import { EXIT, type ExitCode, type Invocation, writeInterrupted, writeLine } from '../invocation/context.js';
import { painter } from '../terminal/paint.js';
import { tableRoom } from '../terminal/table.js';
import { auditLines } from '../views/run-lines.js';

const FOLLOW_EVERY_MS = 1_000;

export function logsCommand(invocation: Invocation) {
  return command('logs')
    .argument('<id>', 'workflow id')
    .option('-f, --follow', 'go on until the run ends; Ctrl-C leaves it running')
    .action(async (workflowId, { follow }) => {
      invocation.exitCode = await withLedger(invocation, async (ledger) => {
        if (!(await ledger.runs.get(workflowId))) throw unknownRun(workflowId);
        if (follow) return followed(invocation, ledger, workflowId);
        const entries = await ledger.audit.of(workflowId);
        for (const entry of entries) await write(invocation, entry);
        if (entries.length === 0) await writeLine(invocation.stderr, `Nothing is written about ${workflowId} yet.`);
        return EXIT.done;
      });
    });
}

async function followed(invocation: Invocation, ledger: Ledger, workflowId: string): Promise<ExitCode> {
  const interrupted = new AbortController();
  const release = invocation.onInterrupt(() => interrupted.abort());
  try {
    for (let shown = 0; ; ) {
      // In this order: an entry that comes between both belongs to a run that is checked once more.
      const isOver = (await ledger.runs.get(workflowId))?.finishedAt !== undefined;
      const entries = await ledger.audit.of(workflowId);
      for (const entry of entries.slice(shown)) await write(invocation, entry);
      shown = entries.length;
      if (isOver) return EXIT.done;
      await invocation.pause(FOLLOW_EVERY_MS, interrupted.signal);
      if (!interrupted.signal.aborted) continue;
      // The prompt is to stand in a line of its own.
      if (invocation.stderr.isTerminal) await writeInterrupted(invocation.stderr, `${workflowId} continues.`);
      return EXIT.interrupted;
    }
  } finally {
    release();
  }
}

async function write({ stdout, env, json }: Invocation, entry: AuditEntry): Promise<void> {
  if (json) return writeLine(stdout, JSON.stringify({ ...entry, at: new Date(entry.at).toISOString() }));
  const paint = painter(stdout, env);
  for (const line of auditLines(entry, tableRoom(stdout))) await writeLine(stdout, paint(line));
}
