// Before a schedule is asked for, Temporal has to know how many were: a ledger put back from a backup would ask for a second one.
import { CancelledFailure, heartbeat } from '@temporalio/activity';
import { type Issued, mostIssued } from '../../domain/run/snapshot.js';
import type { ActivityDependencies } from '../dependencies.js';
import { NotReady } from '../failures.js';
import { reportingToTemporal } from '../report-permit.js';

/** As long as `dispatch` waits for the same word. */
const TELL_WITHIN_MS = 5_000;
const TELL_AGAIN_MS = 5_000;

export interface FollowUpTelling {
  /** Says no less than what Temporal was told last. */
  beat: () => void;
  /** Resolves when Temporal knows of every schedule that the ledger has; else nothing may be asked for. */
  tell: () => Promise<void>;
}

export function tellingSchedules({ client, ledger }: ActivityDependencies, runId: string, known: Issued): FollowUpTelling {
  const tell = reportingToTemporal(client);
  let issued = known;
  return {
    beat: () => heartbeat(issued),
    async tell() {
      issued = mostIssued(issued, await ledger.runs.issued(runId));
      const report = await tell(issued, TELL_WITHIN_MS);
      if (report.kind === 'reported') return;
      if (report.kind === 'gone') throw new CancelledFailure('Temporal has given up this attempt. It schedules nothing more.');
      const why = report.kind === 'held' ? 'it holds this attempt' : report.why;
      throw new NotReady({ kind: 'temporal', why: `Temporal did not acknowledge the schedule: ${why}` }, TELL_AGAIN_MS);
    },
  };
}
