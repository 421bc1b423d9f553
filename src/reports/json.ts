import type { AssetRow, RunReport } from '../domain/run/outcome.js';
import type { NotJoinedList } from '../domain/targets/join-record.js';
import { inBatches } from './batches.js';
import { excerptText, type Failures } from './failures.js';

const ROWS_PER_CHUNK = 500;

/** What stands between the report and its assets, where there is any. */
export interface JsonExtras {
  /** Hosts that the run's query found and that are no CAR assets. */
  notJoined?: NotJoinedList | undefined;
  failures?: Failures | undefined;
}

/** `{ report, assets }` (docs/requests.md) as chunks of text, one asset a line, in constant memory at any size. */
export async function* jsonReport(
  report: RunReport,
  assets: AsyncIterable<AssetRow>,
  { notJoined, failures }: JsonExtras = {},
): AsyncGenerator<string> {
  yield `{"report":${JSON.stringify(report)},\n`;
  if (notJoined && notJoined.count > 0) yield `"notJoined":${JSON.stringify(notJoined)},\n`;
  if (failures) yield `"failures":${JSON.stringify(failures.groups.map(failureItem))},\n`;
  yield '"assets":';
  yield* jsonArray(assets);
  yield '}\n';
}

function failureItem({ count, reason, exitCode, sample }: Failures['groups'][number]): object {
  return { count, reason, exitCode, sample: sample && excerptText(sample) };
}

/** A JSON array, one element a line. */
export function jsonArray(rows: AsyncIterable<unknown>): AsyncGenerator<string> {
  return jsonArrayOf(inBatches(rows, ROWS_PER_CHUNK));
}

/** The same of rows that come in batches: a chunk each. */
export async function* jsonArrayOf(batches: AsyncIterable<readonly unknown[]>): AsyncGenerator<string> {
  let separator = '[\n';
  for await (const batch of batches) {
    if (batch.length === 0) continue;
    yield separator + batch.map((row) => JSON.stringify(row)).join(',\n');
    separator = ',\n';
  }
  yield separator === '[\n' ? '[]' : '\n]';
}

/** JSON lines: one document a row. */
export function jsonLines(rows: AsyncIterable<unknown>): AsyncGenerator<string> {
  return jsonLinesOf(inBatches(rows, ROWS_PER_CHUNK));
}

/** The same of rows that come in batches: a chunk each. */
export async function* jsonLinesOf(batches: AsyncIterable<readonly unknown[]>): AsyncGenerator<string> {
  for await (const batch of batches) if (batch.length > 0) yield `${batch.map((row) => JSON.stringify(row)).join('\n')}\n`;
}
