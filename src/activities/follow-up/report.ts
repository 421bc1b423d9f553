import type { FollowUp } from '../../contracts/request.js';
import { clipped } from '../../domain/basics/well-formed.js';
import type { FollowUpReport } from '../../domain/run/outcome.js';
import type { ScheduleRow } from '../../ledger/runs/schedules.js';

/** More reasons are counted: a report travels through workflow history. */
const REASONS_SHOWN = 20;
/**
 * A run of a million assets has 40,000 schedules, and a report that cannot be handed on is no end of a run: it would be asked for again,
 * forever. All of them are in the ledger, and in its report as HTML.
 */
const SCHEDULES_SHOWN = 200;
const REASON_LENGTH = 500;

/** What the report says of the follow-up. Absent when none was asked for, or none was needed. */
export function followUpReport(
  kind: FollowUp['kind'] | undefined,
  rows: readonly ScheduleRow[],
  refusals: readonly string[],
): FollowUpReport | undefined {
  // A request for an intended one was sent, and the run ended before its fate was known: it may be there.
  const made = rows.filter(({ state }) => state === 'created' || state === 'exists' || state === 'intended');
  if (kind === undefined || (made.length === 0 && refusals.length === 0)) return undefined;
  const refused = refusals.slice(0, REASONS_SHOWN).map((reason) => clipped(reason, REASON_LENGTH));
  if (refusals.length > REASONS_SHOWN) refused.push(`and ${refusals.length - REASONS_SHOWN} more`);
  const said = refused.length === 0 ? {} : { refused };
  if (kind === 'recheck') return { kind, ids: [], titles: [], ...(made[0] ? { workflowId: made[0].title } : {}), ...said };
  const shown = made.slice(0, SCHEDULES_SHOWN);
  const unverified = shown.filter(({ scheduleId }) => scheduleId === undefined).map(({ title }) => title);
  return {
    kind,
    ids: shown.flatMap(({ scheduleId }) => scheduleId ?? []),
    titles: shown.map(({ title }) => title),
    ...(made.length > shown.length ? { more: made.length - shown.length } : {}),
    ...(unverified.length === 0 ? {} : { unverified }),
    ...said,
  };
}
