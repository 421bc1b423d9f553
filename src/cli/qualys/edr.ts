import { Command } from '@commander-js/extra-typings';
import type { EdrAsset } from '../../qualys/operations.js';
import { EXIT, type Invocation } from '../invocation/context.js';
import type { Column } from '../terminal/table.js';
import { chosenFields, fieldNames } from './fields.js';
import { isoTime, tableTime } from './instants.js';
import { withQualys } from './output/connection.js';
import { pagingOf, walkCommand } from './output/walk.js';
import { writeRows } from './output/write-rows.js';

const COLUMNS: readonly Column<EdrAsset>[] = [
  { title: 'ID', text: ({ id }) => id, dispensable: true },
  { title: 'HOST', text: ({ hostName }) => hostName ?? '', flexible: true },
  { title: 'PLATFORM', text: ({ platform }) => platform ?? '' },
  { title: 'EDR', text: ({ isEdrEnabled }) => (isEdrEnabled === undefined ? '' : isEdrEnabled ? 'on' : 'off') },
  { title: 'STATUS', text: ({ functionalStatus }) => functionalStatus ?? '' },
  { title: 'REPORTED (UTC)', text: ({ reportedAt }) => tableTime(reportedAt), dispensable: true },
];

export function edrCommand(invocation: Invocation) {
  return new Command('edr').description('assets: the hosts that EDR knows').addCommand(edrAssetsCommand(invocation));
}

function edrAssetsCommand(invocation: Invocation) {
  return walkCommand('assets', 'list the hosts that EDR knows')
    .option('--filter <qql>', "only these, such as asset.platform:'Windows'")
    .option('--fields <names>', 'only these fields (plus id and timeStamp), as named in JSON', fieldNames)
    .option('--exclude-fields <names>', 'all fields except these', fieldNames)
    .action(async (options) => {
      await withQualys(invocation, options, async ({ qualys, signal }) => {
        const { filter, fields, excludeFields } = options;
        const pages = qualys.edrAssets({
          ...(filter === undefined ? {} : { filter }),
          ...(fields ? { includeAttributes: fields } : {}),
          ...(excludeFields ? { excludeAttributes: excludeFields } : {}),
          ...pagingOf(options),
          signal,
        });
        await writeRows(invocation, { noun: 'assets', columns: COLUMNS, pages, options, json: (row) => edrJson(row, fields) });
      });
      invocation.exitCode = EXIT.done;
    });
}

/** Instants in ISO 8601. */
function edrJson(asset: EdrAsset, fields: readonly string[] | undefined): Record<string, unknown> {
  const row = chosenFields(asset, fields);
  const times = { seenAt: isoTime(asset.seenAt), reportedAt: isoTime(asset.reportedAt) };
  for (const [name, time] of Object.entries(times)) if (time !== undefined) row[name] = time;
  return row;
}
