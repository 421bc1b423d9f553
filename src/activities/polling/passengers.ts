// A look of one run reads what other runs have in flight along with its own, where the page has room: that costs no further call.
import { fitsWithRows, type RowsOfScript } from '../../domain/polling/output-page.js';
import type { Execution } from '../../ledger/executions/registry.js';
import type { RunRow } from '../../ledger/rows/run.js';
import type { PollDependencies } from '../dependencies.js';
import { LARGEST_PAGE } from './asset-jobs.js';
import { type Began, beginLook } from './began.js';
import { wantsOutput } from './with-output.js';

/** Another run, as its own look would begin. */
export interface Passenger {
  run: RunRow;
  executions: Execution[];
  began: Began;
}

/**
 * Those whose last look is longest ago first, none more often than its `poll.interval` allows, and as many as leave the answer one page:
 * with its outputs, where the looker's fit. Executions by tags are read by their own run alone.
 */
export async function passengersOf(
  dependencies: PollDependencies,
  looker: { run: RunRow; executions: readonly Execution[]; now: number },
): Promise<Passenger[]> {
  const { ledger } = dependencies;
  const own = await partOf(ledger, looker.run, looker.executions);
  const parts = [own];
  const keepsOutputs = wantsOutput(looker.run) && fitsWithRows(parts);
  const passengers: Passenger[] = [];
  for (const { runId, lookedAt } of await ledger.verdicts.alsoInFlight(looker.run.id)) {
    const run = await ledger.runs.get(runId);
    if (!run || run.closing || run.finishedAt !== undefined || looker.now - lookedAt < run.request.poll.interval) continue;
    const accepted = await ledger.executions.inState(runId, ['accepted']);
    const executions = accepted.filter(({ planned, correlationUuid }) => planned === undefined && correlationUuid !== undefined);
    const part = await partOf(ledger, run, executions);
    const together = [...parts, part];
    const rows = together.reduce((sum, one) => sum + one.rows, 0);
    if (part.rows === 0 || rows >= LARGEST_PAGE || (keepsOutputs && !fitsWithRows(together))) continue;
    parts.push(part);
    passengers.push({ run, executions, began: await beginLook(ledger, run) });
  }
  return passengers;
}

async function partOf({ scripts }: PollDependencies['ledger'], run: RunRow, executions: readonly Execution[]): Promise<RowsOfScript> {
  return { rows: executions.reduce((sum, { size }) => sum + size, 0), ...(await scripts.memory(run.script?.id ?? '')) };
}
