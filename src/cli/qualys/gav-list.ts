import type { QualysClient } from '../../qualys/client.js';
import type { GavAsset, GavV1WalkOptions } from '../../qualys/operations.js';
import { CommandFailed, EXIT, type Invocation } from '../invocation/context.js';
import type { Column } from '../terminal/table.js';
import { chosenFields, fieldNames } from './fields.js';
import { type GavFilterOptions, v1Filter, v2Filter } from './gav-filter.js';
import { isoTime, tableTime } from './instants.js';
import { withQualys } from './output/connection.js';
import { instant, pagingOf, walkCommand } from './output/walk.js';
import { writeRows } from './output/write-rows.js';

const COLUMNS: readonly Column<GavAsset>[] = [
  { title: 'ASSET', text: ({ assetId }) => assetId, align: 'right' },
  { title: 'NAME', text: ({ name }) => name ?? '', flexible: true },
  { title: 'ADDRESS', text: ({ address }) => address ?? '', dispensable: true },
  { title: 'OPERATING SYSTEM', text: ({ operatingSystem }) => operatingSystem ?? '', flexible: true, dispensable: true },
  { title: 'MODIFIED (UTC)', text: ({ modifiedAt }) => tableTime(modifiedAt), dispensable: true },
];
/** docs/qualys-api.md#global-assetview */
const LARGEST_PAGE = 300;

export function gavListCommand(invocation: Invocation) {
  return walkCommand('list', 'list assets of the inventory (GAV/CSAM)')
    .option('--v1', 'use version 1 of the API, whose filter is QQL')
    .option('--filter <text>', 'JSON {"filters": […]} or XML <filters>…; with --v1 QQL')
    .option('--xml', 'send a JSON filter as XML')
    .option('--updated-since <time>', 'only what changed since', instant)
    .option('--fields <names>', 'only these fields, as named in JSON', fieldNames)
    .option('--exclude-fields <names>', 'all fields except these', fieldNames)
    .action(async (options) => {
      if ((options.pageSize ?? 1) > LARGEST_PAGE)
        throw new CommandFailed(EXIT.usage, `--page-size: GAV returns at most ${LARGEST_PAGE} assets per call`);
      const walk = options.v1 ? v1Walk(options) : v2Walk(options);
      await withQualys(invocation, options, async ({ qualys, signal }) => {
        const { fields, excludeFields, updatedSince } = options;
        const pages = walk(qualys, {
          ...pagingOf(options),
          ...(fields ? { includeFields: fields } : {}),
          ...(excludeFields ? { excludeFields } : {}),
          ...(updatedSince === undefined ? {} : { updatedSince }),
          signal,
        });
        await writeRows(invocation, { noun: 'assets', columns: COLUMNS, pages, options, json: (row) => gavJson(row, fields) });
      });
      invocation.exitCode = EXIT.done;
    });
}

/** What may be said before anything is contacted is said then: so the filter is read first. */
function v1Walk(options: GavFilterOptions) {
  const filter = v1Filter(options);
  return (qualys: QualysClient, rest: Omit<GavV1WalkOptions, 'filter'>) =>
    qualys.gavV1Assets({ ...rest, ...(filter === undefined ? {} : { filter }) });
}

function v2Walk(options: GavFilterOptions) {
  const filter = v2Filter(options);
  return (qualys: QualysClient, rest: Omit<GavV1WalkOptions, 'filter'>) =>
    qualys.gavAssets({ ...rest, ...(filter === undefined ? {} : { filter }) });
}

/** Instants in ISO 8601. */
export function gavJson(asset: GavAsset, fields: readonly string[] | undefined): Record<string, unknown> {
  const row = chosenFields(asset, fields);
  const times = { createdAt: isoTime(asset.createdAt), modifiedAt: isoTime(asset.modifiedAt) };
  for (const [name, time] of Object.entries(times)) if (time !== undefined) row[name] = time;
  return row;
}
