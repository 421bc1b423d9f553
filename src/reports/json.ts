import type { AssetRow, RunReport } from '../domain/run/outcome.js';
import type { NotJoinedList } from '../domain/targets/join-record.js';
import { inBatches } from './batches.js';

const ROWS_PER_CHUNK = 500;

/**
 * `{ report, assets }` (docs/requests.md) as chunks of text, one asset a line, in constant memory at any size; with `notJoined` where
 * the run's query found hosts that are no CAR assets.
 */
export async function* jsonReport(
  report: RunReport,
  assets: AsyncIterable<AssetRow>,
  notJoined: NotJoinedList = { count: 0, assets: [] },
): AsyncGenerator<string> {
  const apart = notJoined.count > 0 ? `"notJoined":${JSON.stringify(notJoined)},\n` : '';
  yield `{"report":${JSON.stringify(report)},\n${apart}"assets":`;
  yield* jsonArray(assets);
  yield '}\n';
}

/** A JSON array, one element a line. */
export async function* jsonArray(rows: AsyncIterable<unknown>): AsyncGenerator<string> {
  let separator = '[\n';
  for await (const batch of inBatches(rows, ROWS_PER_CHUNK)) {
    yield separator + batch.map((row) => JSON.stringify(row)).join(',\n');
    separator = ',\n';
  }
  yield separator === '[\n' ? '[]' : '\n]';
}

/** JSON lines: one document a row. */
export async function* jsonLines(rows: AsyncIterable<unknown>): AsyncGenerator<string> {
  for await (const batch of inBatches(rows, ROWS_PER_CHUNK)) yield batch.map((row) => `${JSON.stringify(row)}\n`).join('');
}
