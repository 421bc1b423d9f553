// One schedule, created once: its title is looked up before and, when the answer is lost, afterwards; nothing is sent twice
// (docs/qualys-api.md#schedules).
import { matchSchedule, type ScheduleContent, type ScheduleMatch } from '../../../domain/schedules/match.js';
import type { OnceOptions } from '../../../qualys/create-once/create.js';
import type { Qualys, ScheduleAnswer, ScheduleRequest } from '../../../qualys/types.js';

export type ScheduleFate =
  | { kind: 'created'; scheduleId: string; foundBy: 'answer' | 'search' }
  /** The title is taken: by the same schedule, by another one, or it cannot be told. */
  | { kind: 'exists'; match: ScheduleMatch; scheduleId?: string; message: string }
  | { kind: 'unverified'; message: string }
  | Extract<ScheduleAnswer, { kind: 'rejected' | 'refused' }>;

export type ScheduleClient = Pick<Qualys, 'createSchedule' | 'findSchedules' | 'schedule'>;

const SEARCH_AFTER_MS = [5_000, 15_000, 30_000, 60_000];

export async function createScheduleOnce(
  qualys: ScheduleClient,
  { request, content }: { request: ScheduleRequest; content: ScheduleContent },
  options: OnceOptions,
): Promise<ScheduleFate> {
  const before = await search(qualys, request.title, content);
  if (before) return { kind: 'exists', ...before, message: 'Nothing was sent' };
  const answer = await sentWhenAllowed(qualys, request, options);
  switch (answer.kind) {
    case 'created':
      return { kind: 'created', scheduleId: answer.id, foundBy: 'answer' };
    case 'exists': {
      const seen = await search(qualys, request.title, content);
      return { kind: 'exists', match: { kind: 'unverified', field: 'title' }, ...seen, message: answer.message };
    }
    case 'unknown':
      return searchedAgain(qualys, { title: request.title, content, lost: answer.message }, options);
    default:
      return answer;
  }
}

async function sentWhenAllowed(
  qualys: ScheduleClient,
  request: ScheduleRequest,
  { pause, onPause, maxWaitMs = 0 }: OnceOptions,
): Promise<ScheduleAnswer> {
  for (let waitedMs = 0; ; ) {
    const answer = await qualys.createSchedule(request);
    if (answer.kind !== 'refused' || answer.waitMs === undefined || waitedMs + answer.waitMs > maxWaitMs) return answer;
    await onPause?.({ pauseMs: answer.waitMs, message: `Not sent yet: ${answer.message}` });
    await pause(answer.waitMs);
    waitedMs += answer.waitMs;
  }
}

async function searchedAgain(
  qualys: ScheduleClient,
  { title, content, lost }: { title: string; content: ScheduleContent; lost: string },
  { pause, onPause, searchAfterMs = SEARCH_AFTER_MS }: OnceOptions,
): Promise<ScheduleFate> {
  for (const pauseMs of searchAfterMs) {
    await onPause?.({ pauseMs, message: `The response was lost (${lost}). Looking for the schedule in ${Math.round(pauseMs / 1_000)} s.` });
    await pause(pauseMs);
    const seen = await search(qualys, title, content).catch(() => undefined);
    if (!seen) continue;
    if (seen.match.kind === 'identical') return { kind: 'created', scheduleId: seen.scheduleId, foundBy: 'search' };
    return { kind: 'exists', ...seen, message: `The response was lost (${lost})` };
  }
  const message = `The response was lost (${lost}), and the schedule is not visible. Repeat the command: titles are unique at Qualys, so it cannot be created twice.`;
  return { kind: 'unverified', message };
}

interface Seen {
  scheduleId: string;
  match: ScheduleMatch;
}

/**
 * Undefined where there is none of this title, or no search that could tell. Of several the identical one counts, then one that cannot be
 * told.
 */
async function search(qualys: ScheduleClient, title: string, content: ScheduleContent): Promise<Seen | undefined> {
  let best: Seen | undefined;
  for (const found of (await qualys.findSchedules({ title })) ?? []) {
    const seen = { scheduleId: found.id, match: await matched(qualys, found, content) };
    if (seen.match.kind === 'identical') return seen;
    if (best?.match.kind !== 'unverified') best = seen;
  }
  return best;
}

/** The list may leave out what the detail shows. */
async function matched(
  qualys: ScheduleClient,
  found: NonNullable<Awaited<ReturnType<ScheduleClient['schedule']>>>,
  content: ScheduleContent,
): Promise<ScheduleMatch> {
  const match = matchSchedule(content, found.content);
  if (match.kind !== 'unverified') return match;
  const whole = await qualys.schedule(found.id);
  return whole ? matchSchedule(content, { ...found.content, ...whole.content }) : match;
}
