import type { CarAsset } from '../../qualys/types.js';
import { EXIT, type Invocation } from '../invocation/context.js';
import type { Column } from '../terminal/table.js';
import { withQualys } from './output/connection.js';
import { searchOf, walkCommand } from './output/walk.js';
import { writeRows } from './output/write-rows.js';

const COLUMNS: readonly Column<CarAsset>[] = [
  { title: 'ASSET', text: ({ assetId }) => assetId, align: 'right' },
  { title: 'NAME', text: ({ name }) => name, flexible: true },
  { title: 'PLATFORM', text: ({ platform }) => platform ?? '', dispensable: true },
  { title: 'TAGS', text: ({ tags }) => tags.join(' '), flexible: true },
];

export function carAssetsCommand(invocation: Invocation) {
  return walkCommand('assets', 'list assets that scripts can run on')
    .option('--filter <qql>', 'only these, such as operatingSystem:linux')
    .action(async (options) => {
      await withQualys(invocation, options, async (link) => {
        const pages = link.qualys.searchAssets(searchOf(options, link));
        await writeRows(invocation, { noun: 'assets', columns: COLUMNS, pages, options });
      });
      invocation.exitCode = EXIT.done;
    });
}
