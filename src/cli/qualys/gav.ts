import { Command } from '@commander-js/extra-typings';
import type { GavAsset } from '../../qualys/operations.js';
import { CommandFailed, EXIT, type Invocation } from '../invocation/context.js';
import type { Line } from '../terminal/paint.js';
import { safeLine } from '../terminal/text.js';
import { fieldNames } from './fields.js';
import { v1Filter, v2Filter } from './gav-filter.js';
import { gavJson, gavListCommand } from './gav-list.js';
import { withQualys } from './output/connection.js';
import { oneCommand } from './output/walk.js';
import { writeOne } from './output/write-one.js';

export function gavCommand(invocation: Invocation) {
  const group = new Command('gav').description('list, get, count: the inventory of Global AssetView and CSAM');
  for (const command of [gavListCommand(invocation), getCommand(invocation), countCommand(invocation)]) group.addCommand(command);
  return group;
}

function getCommand(invocation: Invocation) {
  return oneCommand('get', 'show one asset of the inventory')
    .argument('<asset>', 'asset id')
    .option('--v1', 'use version 1 of the API')
    .option('--fields <names>', 'only these fields', fieldNames)
    .option('--exclude-fields <names>', 'all fields except these', fieldNames)
    .option('--raw', "Qualys' row as sent (JSON)")
    .action(async (assetId, options) => {
      const { v1, fields, excludeFields, raw } = options;
      const asset = await withQualys(invocation, options, ({ qualys, signal }) => {
        const asked = { ...(fields ? { includeFields: fields } : {}), ...(excludeFields ? { excludeFields } : {}), signal };
        return v1 ? qualys.gavV1Asset(assetId, asked) : qualys.gavAsset(assetId, asked);
      });
      if (!asset) throw new CommandFailed(EXIT.usage, `No asset ${assetId} visible to this API user in the inventory.`);
      const value = raw ? asset.raw : gavJson(asset, fields);
      // Fields asked for by name have no line of their own for people.
      if ((raw || fields) && options.out === undefined) await writeOne({ ...invocation, json: true }, { value, lines: [], options });
      else await writeOne(invocation, { value, lines: linesOf(asset), options });
      invocation.exitCode = EXIT.done;
    });
}

function countCommand(invocation: Invocation) {
  return oneCommand('count', 'count assets of the inventory')
    .option('--v1', 'use version 1 of the API, whose filter is QQL')
    .option('--filter <text>', 'JSON {"filters": […]} or XML <filters>…; with --v1 QQL')
    .option('--xml', 'send a JSON filter as XML')
    .action(async (options) => {
      const [filter, v2] = options.v1 ? [v1Filter(options), undefined] : [undefined, v2Filter(options)];
      const count = await withQualys(invocation, options, ({ qualys, signal }) =>
        options.v1
          ? qualys.countGavV1Assets({ ...(filter === undefined ? {} : { filter }), signal })
          : qualys.countGavAssets({ ...(v2 === undefined ? {} : { filter: v2 }), signal }),
      );
      await writeOne(invocation, { value: { count }, lines: [[{ text: count.toLocaleString('en-US') }]], options });
      invocation.exitCode = EXIT.done;
    });
}

function linesOf(asset: GavAsset): Line[] {
  const { customAttributes = [], ...fields } = gavJson(asset, undefined) as Omit<GavAsset, 'raw'>;
  const width = Math.max(...Object.keys(fields).map((name) => name.length), ...customAttributes.map(({ key }) => key.length)) + 2;
  const line = (name: string, value: unknown): Line => [
    { text: safeLine(name).padEnd(width), style: 'soft' },
    { text: safeLine(String(value)) },
  ];
  return [
    ...Object.entries(fields).map(([name, value]) => line(name, value)),
    ...customAttributes.map(({ key, value }) => line(key, value)),
  ];
}
