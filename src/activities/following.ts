// What follows a run, as those know it who schedule it.
import type { NamedScript, RunRow } from '../ledger/run-row.js';
import type { FollowUp } from '../schema/request.js';
import type { FollowUpTelling } from './follow-up-telling.js';

export interface FollowUpTarget {
  assetId: string;
  name: string | null;
  agentUuid: string | null;
  /** Its other host names, one a line. */
  aliases: string | null;
}

/** What follows a run: which kind, with which script, for which assets. */
export interface Following<Kind extends FollowUp['kind']> {
  run: RunRow;
  followUp: Extract<FollowUp, { kind: Kind }>;
  script: NamedScript;
  targets: readonly FollowUpTarget[];
  /** Ids that policy keeps from every script by now, whatever it said when the run was opened. */
  kept: ReadonlySet<string>;
  telling: FollowUpTelling;
}
