// Looking a schedule up by its title, on gateways that can: search and detail came with CAR 2.6 (docs/qualys-api.md#schedules), after the
// 30 documented operations.
import { term } from '../../domain/targets/qql.js';
import { pathOf } from '../catalog.js';
import { QualysError } from '../errors.js';
import { type Reader, read } from '../http/read.js';
import type { SearchEndpoint } from '../walks/endpoints.js';
import { walk } from '../walks/paging.js';
import { bySchema, listOf } from '../wire/common.js';
import { type FoundSchedule, ScheduleRow, scheduleOf } from '../wire/schedules.js';

/**
 * Beyond the 30 operations, and so in no table of theirs. The path of the detail is that of the documented update, `POST
 * /sm/v1/scheduler/{id}`.
 */
const laterOperations = {
  searchSchedules: { method: 'POST', path: '/sm/v1/scheduler/search' },
  schedule: { method: 'GET', path: '/sm/v1/scheduler/{id}' },
} as const;

/** Titles are unique, so a page holds all that contain one; which fields sort is in no document. */
const scheduleSearch: SearchEndpoint<FoundSchedule> = {
  name: 'scheduler/search',
  path: laterOperations.searchSchedules.path,
  engine: 'page-number',
  sort: [],
  pageSize: 100,
  keys: { filter: 'filter', startAt: 'startAt', endAt: 'endAt' },
  listOf,
  row: bySchema(ScheduleRow),
  idField: 'id',
  mayIgnorePaging: true,
};

/**
 * The schedules of exactly this title. Undefined where the gateway does not know the search, does not allow it, or gives no answer that can
 * be read.
 */
export async function findSchedules(
  reader: Reader,
  { title, runId }: { title: string; runId?: string | undefined },
): Promise<FoundSchedule[] | undefined> {
  return whereKnown(async () => {
    const found: FoundSchedule[] = [];
    for await (const page of walk(reader, scheduleSearch, { filter: term('name', title), runId })) {
      // A row that cannot be read may be the one: then nothing was found out.
      if ((page.unreadable ?? 0) > 0) return undefined;
      // `name` is a contains match (docs/qualys-api.md#schedules).
      found.push(...page.rows.filter((row) => row.title.trim() === title.trim()));
    }
    return found;
  });
}

/** One schedule with all its fields; undefined as above, and where it is not there. */
export async function readSchedule(
  reader: Reader,
  id: string,
  { runId }: { runId?: string | undefined } = {},
): Promise<FoundSchedule | undefined> {
  const { method, path } = laterOperations.schedule;
  return whereKnown(async () => {
    const answer = await read(reader, {
      endpoint: 'scheduler',
      kind: 'read',
      method,
      path: pathOf(path, { id }),
      payloadOf: scheduleOf,
      runId,
    });
    return answer.payload as FoundSchedule;
  });
}

/**
 * What these calls tell is welcome and never needed: only limits and refused credentials, which hold for every call, are the caller's to
 * wait for.
 */
async function whereKnown<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof QualysError) || error.kind === 'limited' || error.kind === 'authentication') throw error;
    return undefined;
  }
}
