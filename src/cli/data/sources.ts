// The ledger and Temporal as the command line finds them: one of both is enough to tell of runs.

import type { Ledger } from '../../ledger/index.js';
import type { TemporalRuns } from '../../temporal/runs/temporal-runs.js';
import { CommandFailed, EXIT, type Invocation, writeLine } from '../invocation/context.js';
import { findLedger } from './ledger-access.js';

export interface Sources {
  temporal?: TemporalRuns | undefined;
  ledger?: Ledger | undefined;
}

/** Opens what can be opened, says what cannot, and closes both afterwards. Exit 3 when there is neither. */
export async function withSources<T>(invocation: Invocation, work: (sources: Sources) => Promise<T>): Promise<T> {
  const access = await findLedger(invocation);
  let temporal: TemporalRuns | undefined;
  try {
    temporal = await temporalUnlessUnreachable(invocation, access.ledger ? undefined : access.problem);
    if (!access.ledger) await writeLine(invocation.stderr, `Ledger unavailable: ${access.problem}`);
    return await work({ temporal, ledger: access.ledger });
  } finally {
    await access.ledger?.close();
    await temporal?.close();
  }
}

async function temporalUnlessUnreachable(invocation: Invocation, ledgerProblem: string | undefined): Promise<TemporalRuns | undefined> {
  try {
    return await invocation.connectTemporal();
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'TemporalUnreachable') throw error;
    if (ledgerProblem) throw new CommandFailed(EXIT.unreachable, `${error.message}\n${ledgerProblem}`);
    await writeLine(invocation.stderr, `Temporal unavailable, showing the ledger only: ${error.message}`);
    return undefined;
  }
}

export function unknownRun(workflowId: string): CommandFailed {
  return new CommandFailed(EXIT.usage, `No run ${workflowId}. List runs with: overhaul list`);
}
