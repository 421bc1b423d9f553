import { stringify } from 'csv-stringify/sync';
import { ASSET_ROW_COLUMNS, type AssetRow } from '../domain/run/outcome.js';
import { inBatches } from './batches.js';

const ROWS_PER_CHUNK = 500;

/** One row an asset under a header of `ASSET_ROW_COLUMNS`, as chunks of text. Lines end with a line feed, absent values are empty. */
export async function* csvReport(assets: AsyncIterable<AssetRow>): AsyncGenerator<string> {
  yield stringify([ASSET_ROW_COLUMNS]);
  for await (const batch of inBatches(assets, ROWS_PER_CHUNK)) {
    yield stringify(batch.map((row) => ASSET_ROW_COLUMNS.map((column) => cell(row[column]))));
  }
}

function cell(value: string | number | undefined): string | number {
  return typeof value === 'string' ? withoutFormula(value) : (value ?? '');
}

/**
 * Spreadsheets run a cell that begins like a formula, also behind blanks and controls, which csv-stringify's own `escape_formulas`
 * lets through: such text gets an apostrophe in front.
 */
function withoutFormula(text: string): string {
  return /^[\s\p{Cc}\p{Cf}]*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n\0]/u.test(text) ? `'${text}` : text;
}
