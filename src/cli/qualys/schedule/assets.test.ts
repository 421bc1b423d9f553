import { expect, test } from '@jest/globals';
import type { CarAsset, Page, Qualys } from '../../../qualys/types.js';
import { scheduledAssets } from './assets.js';

test('a host is not scheduled while a row that cannot be understood may be its namesake', async () => {
  const assets = (unreadable: number) => {
    async function* searchAssets(): AsyncGenerator<Page<CarAsset>> {
      yield { rows: [{ assetId: '1', name: 'web-1', agentUuid: 'agent-1', tags: [] }], unreadable, bytes: 0 };
    }
    const qualys = { searchAssets } as unknown as Pick<Qualys, 'searchAssets'>;
    return scheduledAssets(qualys, { assetIds: [], hostnames: ['web-1'], signal: new AbortController().signal });
  };
  expect(await assets(0)).toMatchObject({ assets: [{ assetId: '1', agentUuid: 'agent-1' }] });
  await expect(assets(2)).rejects.toThrow('Nothing was scheduled:\n  Qualys lists 2 of these assets in unreadable rows');
});
