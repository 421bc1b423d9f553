// Creating a schedule (docs/qualys-api.md#schedules): an effect whose title is its natural key, so the caller can look it up when the
// answer is lost.

import type { Call, Wire } from '../http/send.js';
import type { TokenSource } from '../http/token.js';
import type { ScheduleAnswer, ScheduleRequest } from '../types.js';
import { paths } from '../walks/endpoints.js';
import { scheduleIdOf } from '../wire/effects.js';
import { sendEffect } from './effect.js';

export async function createSchedule(wire: Wire & { tokens: TokenSource }, request: ScheduleRequest): Promise<ScheduleAnswer> {
  const fate = await sendEffect(wire, scheduleCall(request));
  if (fate.kind === 'created') return { kind: 'created', id: String(fate.payload) };
  // No quota of schedules is documented: such an answer tells nothing of this call's fate.
  return fate.kind === 'quota' ? { kind: 'unknown', message: fate.message } : fate;
}

function scheduleCall({ runId, ...schedule }: ScheduleRequest): Call {
  const json = {
    activate: true,
    ...schedule,
    // The parameter table types asset ids as integers; one that a number cannot hold stays text.
    assets: schedule.assets.map(({ UUId, id }) => ({ UUId, id: Number.isSafeInteger(Number(id)) ? Number(id) : id })),
    assetTags: [],
    excludedAssets: [],
    // Only the monthly sample has it; without it the service is left to guess (docs/qualys-api.md#schedules).
    ...(schedule.scheduleType === 'MONTHLY' ? { monthlyScheduleType: 'MONTHLY_DATE_OF_MONTH_JOB' } : {}),
  };
  return {
    endpoint: 'scripts/scheduler',
    kind: 'schedule',
    method: 'POST',
    path: paths.schedule,
    json,
    payloadOf: scheduleIdOf,
    runId,
    mayStart: () => true,
  };
}
