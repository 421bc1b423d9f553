import { describe, expect, test } from '@jest/globals';
import { AssetWindow, PAGE_ROWS } from './asset-window.js';
import type { AssetPage } from './types.js';

/** A fleet as the API pages it: by the place of the last row. */
function fleet(size: number) {
  const rows = Array.from({ length: size }, (_, index) => ({ assetId: String(index + 1), outcome: 'failed' as const, attempt: 1 }));
  const asked: (string | undefined)[] = [];
  const read = async (cursor: string | undefined): Promise<AssetPage> => {
    asked.push(cursor);
    const behind = rows.filter(({ assetId }) => Number(assetId) > Number(cursor ?? 0));
    const items = behind.slice(0, PAGE_ROWS);
    return { items, ...(behind.length > PAGE_ROWS ? { next: items.at(-1)?.assetId } : {}) };
  };
  return { rows, asked, read };
}

function opened(read: (cursor: string | undefined) => Promise<AssetPage>) {
  let changed = (): void => undefined;
  const assets = new AssetWindow({ read, onChange: () => changed() });
  const settled = async (): Promise<void> => {
    while (assets.isReading) await new Promise<void>((resolve) => (changed = resolve));
  };
  return { assets, settled };
}

describe('a window over assets', () => {
  test('reads page by page as they come into view, and lets go of those far away', async () => {
    const { asked, read } = fleet(2_050);
    const { assets, settled } = opened(read);
    for (let row = 0; row < 2_050; row += 50) {
      assets.show(row, row + 20);
      await settled();
      expect(assets.row(row)?.assetId).toBe(String(row + 1));
    }
    assets.show(2_030, 2_049);
    await settled();
    expect([assets.count, assets.isWhole, assets.row(2_049)?.assetId, assets.row(2_050)]).toEqual([2_050, true, '2050', undefined]);
    expect(assets.row(0)).toBeUndefined();
    expect(asked).toHaveLength(21);
    assets.show(0, 20);
    await settled();
    expect([assets.row(0)?.assetId, assets.count, asked.length]).toEqual(['1', 2_050, 22]);
  });

  test('what left what is asked for moves up what follows: no row is left out, none is there twice', async () => {
    const { rows, read } = fleet(300);
    const { assets, settled } = opened(read);
    const ids = async (): Promise<string[]> => {
      const seen: string[] = [];
      for (let row = 0; row < assets.count || !assets.isWhole; row += 1) {
        assets.show(row, row);
        await settled();
        const id = assets.row(row)?.assetId;
        if (id === undefined) break;
        seen.push(id);
      }
      return seen;
    };
    expect(await ids()).toEqual(rows.map(({ assetId }) => assetId));
    rows.splice(10, 30);
    assets.show(0, 20);
    assets.refresh();
    await settled();
    expect(await ids()).toEqual(rows.map(({ assetId }) => assetId));
  });

  test('an empty one is whole, and may fill', async () => {
    const { rows, read } = fleet(0);
    const { assets, settled } = opened(read);
    assets.show(0, 0);
    await settled();
    expect([assets.count, assets.isWhole]).toEqual([0, true]);
    rows.push({ assetId: '1', outcome: 'failed', attempt: 1 });
    assets.refresh();
    await settled();
    expect(assets.row(0)?.assetId).toBe('1');
  });

  test('a page that could not be read is told, and read when it is asked for again', async () => {
    const { read } = fleet(3);
    let isDown = true;
    const { assets, settled } = opened(async (cursor) => {
      if (isDown) throw new Error('The server does not answer.');
      return read(cursor);
    });
    assets.show(0, 0);
    await settled();
    expect([assets.count, assets.error?.message]).toEqual([0, 'The server does not answer.']);
    isDown = false;
    assets.show(0, 0);
    await settled();
    expect([assets.count, assets.error]).toEqual([3, undefined]);
  });
});
