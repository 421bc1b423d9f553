// A schedule as the later search and detail endpoints show it (docs/qualys-api.md#schedules). Their rows are in no document at hand:
// whatever is not understood counts as not shown.
import { z } from 'zod';
import type { FoundContent } from '../../domain/schedules/match.js';
import { isCivilDate, isTimeOfDay } from '../../domain/schedules/trigger.js';
import { compact, Envelope, idText, lenient, text, wholeNumber } from './common.js';

export interface FoundSchedule {
  id: string;
  title: string;
  content: FoundContent;
}

const CivilDate = lenient(z.string().refine(isCivilDate));
const TimeOfDay = lenient(
  z
    .string()
    .refine(isTimeOfDay)
    .transform((time) => (time.length === 5 ? `${time}:00` : time)),
);
/** Bare ids, or objects that hold one under its own name or as `id`. */
const idsUnder = (name: string) =>
  lenient(
    z.array(
      z.union([
        idText,
        z
          .looseObject({ [name]: lenient(idText), id: lenient(idText) })
          .transform((row) => row[name] ?? row.id)
          .pipe(z.string()),
      ]),
    ),
  );
const Days = lenient(
  z.union([z.array(z.union([z.string(), z.number()]).transform(String)), z.string().transform((days) => days.split(/\s*,\s*/))]),
);
const Things = lenient(z.array(z.unknown()));

export const ScheduleRow = z
  .looseObject({
    id: idText,
    title: text,
    name: text,
    scripts: idsUnder('scriptId'),
    scriptId: lenient(idText),
    assets: idsUnder('assetId'),
    assetTags: Things,
    excludedAssets: Things,
    scheduleType: text,
    startDate: CivilDate,
    startTime: TimeOfDay,
    endDate: CivilDate,
    hourlyInterval: wholeNumber,
    daysOfWeek: Days,
    recurrenceDate: wholeNumber,
    recurrenceMonth: wholeNumber,
  })
  .transform((row): FoundSchedule => {
    const otherTargets = (row.assetTags?.length ?? 0) + (row.excludedAssets?.length ?? 0);
    const content = compact({
      scriptIds: shownIds(row.scripts) ?? (row.scriptId === undefined ? undefined : [row.scriptId]),
      // No schedule is without targets: an empty list beside no tags means that the row leaves them out.
      assetIds: shownIds(row.assets) ?? (otherTargets > 0 && row.assets ? [] : undefined),
      otherTargets,
      scheduleType: row.scheduleType
        ?.trim()
        .toUpperCase()
        .replace(/[\s_-]+/g, '_'),
      startDate: row.startDate,
      startTime: row.startTime,
      endDate: row.endDate,
      hourlyInterval: row.hourlyInterval,
      daysOfWeek: row.daysOfWeek,
      recurrenceDate: row.recurrenceDate,
      recurrenceMonth: row.recurrenceMonth,
    });
    return { id: row.id, title: row.title ?? row.name ?? '', content };
  });

/** One schedule, under `body` or at the top. */
export function scheduleOf(json: unknown): FoundSchedule | undefined {
  const envelope = Envelope.safeParse(json);
  return ScheduleRow.safeParse(envelope.success && envelope.data.body != null ? envelope.data.body : json).data;
}

function shownIds(ids: string[] | undefined): string[] | undefined {
  return ids && ids.length > 0 ? ids : undefined;
}
