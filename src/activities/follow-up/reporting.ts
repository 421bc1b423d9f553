// Before a schedule is asked for, Temporal has to know how many were: a ledger restored from a backup would ask for a second one.
import { CancelledFailure, heartbeat } from '@temporalio/activity';
import { type Issued, mostIssued } from '../../domain/run/snapshot.js';
import type { ActivityDependencies } from '../dependencies.js';
import { NotReady } from '../failures.js';
import { reportingToTemporal } from '../report-permit.js';

/** As long as `dispatch` waits for the same answer. */
const REPORT_WITHIN_MS = 5_000;
const REPORT_AGAIN_MS = 5_000;

export interface FollowUpReporting {
  /** Says no less than what was reported to Temporal last. */
  beat: () => void;
  /** Resolves when Temporal knows of every schedule that the ledger has; else nothing may be asked for. */
  report: () => Promise<void>;
}

export function reportingSchedules({ client, ledger }: ActivityDependencies, runId: string, known: Issued): FollowUpReporting {
  const toTemporal = reportingToTemporal(client);
  let issued = known;
  return {
    beat: () => heartbeat(issued),
    async report() {
      issued = mostIssued(issued, await ledger.runs.issued(runId));
      const reported = await toTemporal(issued, REPORT_WITHIN_MS);
      if (reported.kind === 'reported') return;
      if (reported.kind === 'gone') throw new CancelledFailure('Temporal has given up this attempt. It schedules nothing more.');
      const why = reported.kind === 'held' ? 'it holds this attempt' : reported.why;
      throw new NotReady({ kind: 'temporal', why: `Temporal did not acknowledge the schedule: ${why}` }, REPORT_AGAIN_MS);
    },
  };
}
