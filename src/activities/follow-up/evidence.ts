// What Qualys has under the title of a schedule of ours, after an answer was lost or refused the title (docs/qualys-api.md#schedules).

import { matchSchedule, type ScheduleContent } from '../../domain/schedules/match.js';
import { term } from '../../domain/targets/qql.js';
import type { Qualys, ScheduleRequest } from '../../qualys/types.js';

export type ScheduleEvidence =
  | { kind: 'absent' }
  | { kind: 'identical'; scheduleId: string }
  | { kind: 'differs'; why: string }
  /** `isCountOnly`: not even that there is a schedule of exactly this title. */
  | { kind: 'unverified'; why: string; isCountOnly?: boolean };

type Lookup = Pick<Qualys, 'findSchedules' | 'schedule' | 'countSchedules'>;

export async function lookUpSchedule(qualys: Lookup, order: ScheduleRequest): Promise<ScheduleEvidence> {
  const { title, runId } = order;
  const found = await qualys.findSchedules({ title, runId });
  if (found) return compared(qualys, order, found);
  // A gateway without the search counts by `name`, a contains match: 0 proves absence, and nothing else is proved.
  const count = await qualys.countSchedules({ filter: term('name', title), runId });
  return count === 0 ? { kind: 'absent' } : { kind: 'unverified', why: 'this gateway does not show its content', isCountOnly: true };
}

async function compared(
  qualys: Lookup,
  order: ScheduleRequest,
  found: NonNullable<Awaited<ReturnType<Lookup['findSchedules']>>>,
): Promise<ScheduleEvidence> {
  let best: ScheduleEvidence = { kind: 'absent' };
  for (const row of found) {
    const evidence = await comparedOne(qualys, order, row);
    if (evidence.kind === 'identical') return evidence;
    if (best.kind !== 'unverified') best = evidence;
  }
  return best;
}

/** A row may hold less than the schedule itself. */
async function comparedOne(
  qualys: Lookup,
  order: ScheduleRequest,
  row: NonNullable<Awaited<ReturnType<Lookup['schedule']>>>,
): Promise<ScheduleEvidence> {
  let match = matchSchedule(contentOf(order), row.content);
  if (match.kind === 'unverified') {
    const detail = await qualys.schedule(row.id, { runId: order.runId });
    if (detail) match = matchSchedule(contentOf(order), { ...row.content, ...detail.content });
  }
  if (match.kind === 'identical') return { kind: 'identical', scheduleId: row.id };
  const said = match.kind === 'differs' ? 'has another' : 'does not show its';
  return { kind: match.kind, why: `schedule ${row.id} ${said} ${match.field}` };
}

function contentOf({ scripts, assets, ...order }: ScheduleRequest): ScheduleContent {
  return { ...order, scriptIds: scripts.map(({ id }) => id), assetIds: assets.map(({ id }) => id) };
}
