// Pages of asset jobs with their output, as large as one answer can carry.
import { LARGEST_OUTPUT_PAGE, largerOutputPage, nextOutputPage, smallerOutputPage } from '../../domain/polling/output-page.js';
import type { Ledger } from '../../ledger/index.js';
import type { RunRow } from '../../ledger/rows/run.js';
import { QualysError } from '../../qualys/errors.js';
import { TransportError } from '../../qualys/http/transport.js';
import type { AssetJobRow, Cursor, Page, Qualys } from '../../qualys/types.js';

export interface OutputDependencies {
  ledger: Ledger;
  qualys: Pick<Qualys, 'searchAssetJobs'>;
}

export interface OutputPage {
  rows: AssetJobRow[];
  /** True for a row whose output alone is too much for an answer: it came without. */
  isPassedOver: boolean;
}

/**
 * Walks the asset jobs of the filter. A page that is too much is asked for again by halves, from where the walk stands; the size is
 * remembered of the script. After a timeout the walk ends anyway, in smaller steps next time: the gateway may be down.
 */
export async function* outputPages(
  { qualys, ledger }: OutputDependencies,
  walk: { run: RunRow; filter: string },
): AsyncGenerator<OutputPage> {
  const scriptId = walk.run.script?.id ?? '';
  const { rowBytes, outputPage = LARGEST_OUTPUT_PAGE } = await ledger.scripts.memory(scriptId);
  const seen = { rows: 0, bytes: 0, largest: outputPage, failed: false };
  const search = { filter: walk.filter, runId: walk.run.id };
  let after: Cursor | undefined;
  for (;;) {
    let asked = 0;
    const pageSize = (previous: Page<unknown> | undefined) => {
      asked = Math.min(seen.largest, nextOutputPage(previous && { rows: previous.rows.length, bytes: previous.bytes }, rowBytes));
      return asked;
    };
    try {
      for await (const page of qualys.searchAssetJobs({ ...search, after, pageSize, includeOutput: true })) {
        after = page.cursor;
        seen.rows += page.rows.length;
        seen.bytes += page.bytes;
        seen.largest = largerOutputPage(seen.largest);
        yield { rows: page.rows, isPassedOver: false };
      }
      break;
    } catch (error) {
      const why = tooMuch(error);
      if (!why) throw error;
      seen.failed = true;
      seen.largest = smallerOutputPage(asked);
      await ledger.scripts.setOutputPage(scriptId, seen.largest);
      if (asked > 1 && why === 'slow') throw error;
      if (asked > 1) continue;
    }
    const passed = await withoutOutput(qualys, { ...search, after });
    yield { rows: passed?.rows ?? [], isPassedOver: true };
    if (!passed?.cursor) break;
    after = passed.cursor;
  }
  if (seen.rows > 0) await ledger.scripts.setRowBytes(scriptId, seen.bytes / seen.rows);
  if (!seen.failed && outputPage < LARGEST_OUTPUT_PAGE) await ledger.scripts.setOutputPage(scriptId, largerOutputPage(outputPage));
}

/** The row behind the cursor. That it comes proves that the gateway is there, and only its output does not get through. */
async function withoutOutput(
  qualys: OutputDependencies['qualys'],
  search: { filter: string; runId: string; after: Cursor | undefined },
): Promise<Page<AssetJobRow> | undefined> {
  for await (const page of qualys.searchAssetJobs({ ...search, pageSize: 1 })) return page;
  return undefined;
}

/** Why a page did not get through that a smaller one may: too many bytes, or too many to send in time. */
function tooMuch(error: unknown): 'large' | 'slow' | undefined {
  if (!(error instanceof QualysError)) return undefined;
  const { cause, status } = error.facts;
  const why = cause instanceof TransportError ? cause.why : undefined;
  if (why === 'too-large' || status === 413) return 'large';
  return why === 'timeout' || status === 504 ? 'slow' : undefined;
}
