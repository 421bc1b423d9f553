import type { FollowUpReport } from '../domain/outcome.js';
import type { ScheduleRow } from '../ledger/schedules.js';
import type { FollowUp } from '../schema/request.js';

/** More reasons are counted: a report travels through workflow history. */
const REASONS_SHOWN = 20;

/** What the report says of the follow-up. Absent when none was asked for, or none was needed. */
export function followUpReport(
  kind: FollowUp['kind'] | undefined,
  rows: readonly ScheduleRow[],
  refusals: readonly string[],
): FollowUpReport | undefined {
  // A request for an intended one was sent, and the run ended before its fate was known: it may be there.
  const made = rows.filter(({ state }) => state === 'created' || state === 'exists' || state === 'intended');
  if (kind === undefined || (made.length === 0 && refusals.length === 0)) return undefined;
  const refused = refusals.slice(0, REASONS_SHOWN);
  if (refusals.length > REASONS_SHOWN) refused.push(`and ${refusals.length - REASONS_SHOWN} more`);
  const said = refused.length === 0 ? {} : { refused };
  if (kind === 'recheck') return { kind, ids: [], titles: [], ...(made[0] ? { workflowId: made[0].title } : {}), ...said };
  const unverified = made.filter(({ scheduleId }) => scheduleId === undefined).map(({ title }) => title);
  return {
    kind,
    ids: made.flatMap(({ scheduleId }) => scheduleId ?? []),
    titles: made.map(({ title }) => title),
    ...(unverified.length === 0 ? {} : { unverified }),
    ...said,
  };
}
