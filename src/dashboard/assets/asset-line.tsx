// One asset in the table.
import type { ComponentChildren } from 'preact';
import type { AssetRow } from '../data/types.js';
import { utc } from '../text/format.js';
import { plain } from '../text/visible.js';

interface Column {
  name: string;
  of: (asset: AssetRow) => ComponentChildren;
}

/** Behind the asset itself. */
export const COLUMNS: readonly Column[] = [
  { name: 'Asset', of: () => null },
  { name: 'Outcome', of: ({ outcome }) => <Outcome word={outcome} /> },
  { name: 'Reason', of: ({ reason, status }) => plain(reason ?? status ?? '') },
  { name: 'Exit code', of: ({ exitCode }) => exitCode },
  { name: 'Attempt', of: ({ attempt }) => attempt },
  { name: 'Wave', of: ({ wave }) => plain(wave ?? '') },
  { name: 'Finished', of: ({ finishedAt }) => (finishedAt === undefined ? '' : utc(finishedAt)) },
];

export function Outcome({ word }: { word: string }) {
  return (
    <span class="outcome">
      <span class={`dot ${word}`} aria-hidden="true" />
      {word}
    </span>
  );
}

interface Line {
  index: number;
  topPx: number;
  /** Undefined while it is read. */
  asset: AssetRow | undefined;
  columns: readonly Column[];
  onOpen: (asset: AssetRow) => void;
}

export function AssetLine({ index, topPx, asset, columns: [, ...columns], onOpen }: Line) {
  return (
    <div role="row" aria-rowindex={index + 2} style={{ top: `${topPx}px` }} onClick={() => asset && onOpen(asset)}>
      <span role="cell">
        {asset ? (
          <button type="button" class="asset">
            <b>{plain(asset.name ?? asset.assetId)}</b> {asset.name === undefined ? null : <span>{asset.assetId}</span>}
          </button>
        ) : (
          '…'
        )}
      </span>
      {columns.map(({ name, of }) => (
        <span key={name} role="cell" class={name.toLowerCase().replace(' ', '-')}>
          {asset ? of(asset) : ''}
        </span>
      ))}
    </div>
  );
}
