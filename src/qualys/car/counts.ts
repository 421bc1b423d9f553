// The five counts (docs/qualys-api.md#counts): four are GETs with `query`, the schedules' is a POST with `filter` and an array for
// `groupBy` (docs/qualys-api.md#filters).

import { type Operation, operations, pathOf } from '../catalog.js';
import { QualysError } from '../errors.js';
import { isPathUnknown, type Reader, read } from '../http/read.js';
import type { Call } from '../http/send.js';
import type { Counted, CountOptions } from '../operations.js';
import { countOf, countsOf } from '../wire/counts.js';

const COUNTED: Readonly<Record<Counted, Operation>> = {
  scripts: operations.countScripts,
  jobs: operations.countJobs,
  'asset-jobs': operations.countAssetJobs,
  schedules: operations.countSchedules,
  assets: operations.countAssets,
};

export async function count(reader: Reader, what: Counted, options: CountOptions = {}): Promise<number> {
  return (await counted(reader, what, { options, payloadOf: countOf })) as number;
}

export async function countBy(reader: Reader, what: Counted, groupBy: string, options: CountOptions = {}): Promise<Record<string, number>> {
  if (!/^[A-Za-z][\w.]*$/.test(groupBy)) throw refused(what, `${JSON.stringify(groupBy.slice(0, 60))} is not a field to group by`);
  return (await counted(reader, what, { options, groupBy, payloadOf: countsOf })) as Record<string, number>;
}

interface Question {
  options: CountOptions;
  groupBy?: string;
  payloadOf: (json: unknown) => unknown;
}

async function counted(reader: Reader, what: Counted, question: Question): Promise<unknown> {
  const { startAt, endAt } = question.options;
  if (what === 'assets' && (startAt !== undefined || endAt !== undefined)) {
    throw refused(what, 'start and end are not documented here; filter by a field of the asset instead');
  }
  const { path, alsoAt } = COUNTED[what];
  try {
    return (await read(reader, callOf(what, path, question))).payload;
  } catch (error) {
    // The documents print the singular, `/sm/v1/script/count`, beside plurals everywhere else (docs/qualys-api.md#counts).
    if (alsoAt === undefined || !isPathUnknown(error)) throw error;
    return (await read(reader, callOf(what, alsoAt, question))).payload;
  }
}

function callOf(what: Counted, path: string, { options, groupBy, payloadOf }: Question): Call {
  const { filter, runId, signal } = options;
  const times = { startAt: instant(options.startAt), endAt: instant(options.endAt) };
  const { method } = COUNTED[what];
  const common = { endpoint: path.replace(/^\/sm\/v1\//, ''), kind: 'read' as const, method, payloadOf, runId, signal };
  if (method === 'GET') return { ...common, path: pathOf(path, {}, { query: filter, groupBy, ...times }) };
  return { ...common, path, json: { filter, ...times, ...(groupBy === undefined ? {} : { groupBy: [groupBy] }) } };
}

function instant(at: number | undefined): string | undefined {
  return at === undefined ? undefined : new Date(at).toISOString();
}

function refused(what: Counted, problem: string): QualysError {
  return new QualysError('invalid', `Counting ${what}: ${problem}`, { endpoint: `${what}/count` });
}
