// What follows a run, as those know it who schedule it.

import type { FollowUp } from '../../contracts/request.js';
import type { NamedAsset } from '../../ledger/reads/cohort-by-outcome.js';
import type { NamedScript, RunRow } from '../../ledger/rows/run.js';
import type { FollowUpReporting } from './reporting.js';

export type FollowUpTarget = NamedAsset;

/** What follows a run: which kind, with which script, for which assets. */
export interface Following<Kind extends FollowUp['kind']> {
  run: RunRow;
  followUp: Extract<FollowUp, { kind: Kind }>;
  script: NamedScript;
  targets: readonly FollowUpTarget[];
  /** Ids that policy keeps from every script by now, whatever it said when the run was opened. */
  kept: ReadonlySet<string>;
  reporting: FollowUpReporting;
}
