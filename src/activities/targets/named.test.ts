import { describe, expect, test } from '@jest/globals';
import { QualysError } from '../../qualys/errors.js';
import type { CarAsset, Page, Qualys, WalkOptions } from '../../qualys/types.js';
import { AssetsByKey } from './find-by-key.js';
import { assetsByName } from './named.js';

const WEB: CarAsset = { assetId: '1', name: 'web-1', tags: [] };
const ALIAS: CarAsset = { assetId: '2', name: 'SRV0042', tags: [], aliases: ['web-1.corp.example.com'] };
const OTHERS: CarAsset[] = Array.from({ length: 30_000 }, (_, n) => ({
  assetId: String(100 + n),
  name: `host-${n}`,
  tags: [],
  aliases: [`if-${n}`],
}));

/** Filters by name, and by the names of interfaces where it `knowsInterfaces`. */
function gateway(fleet: readonly CarAsset[], { knowsInterfaces }: { knowsInterfaces: boolean }) {
  const asked = { names: 0, aliases: 0, pages: 0 };
  async function* searchAssets({ filter, pageSize }: WalkOptions): AsyncGenerator<Page<CarAsset>> {
    const [token, quoted = ''] = filter?.split(' or ')[0]?.split(':') ?? [];
    const words = (filter?.split(' or ') ?? [quoted]).map((term) =>
      term
        .slice(term.indexOf(':') + 1)
        .replaceAll('"', '')
        .toLowerCase(),
    );
    if (token === 'interfaces.hostname') {
      asked.aliases += 1;
      if (!knowsInterfaces) throw new QualysError('invalid', 'unknown token', { endpoint: 'assets/search' });
    } else if (token === 'name') asked.names += 1;
    const namesOf = ({ name, aliases = [] }: CarAsset) => (token === 'name' ? [name] : aliases).map((one) => one.toLowerCase());
    const rows =
      token === undefined ? fleet : fleet.filter((asset) => namesOf(asset).some((own) => words.some((word) => own.includes(word))));
    for (let at = 0; at < Math.max(1, rows.length); at += Number(pageSize)) {
      if (token === undefined) asked.pages += 1;
      yield { rows: rows.slice(at, at + Number(pageSize)), bytes: 0, ...(at + Number(pageSize) < rows.length ? { cursor: [at] } : {}) };
    }
  }
  const lookup = new AssetsByKey({ searchAssets } as unknown as Qualys, { runId: 'r', onPage: () => undefined });
  return { lookup, asked };
}

const AMBIGUOUS = 'web-1.corp.example.com is ambiguous (assets 1 web-1, 2 SRV0042): use the asset id';

describe('a label that is the name of one asset, and another host name of another one', () => {
  test.each([true, false])('is refused, whether interfaces can be asked for (%p) or are read', async (knowsInterfaces) => {
    const { lookup } = gateway([WEB, ...OTHERS.slice(0, 5_000), ALIAS], { knowsInterfaces });
    await expect(assetsByName(lookup, ['web-1.corp.example.com'], 'label')).rejects.toThrow(AMBIGUOUS);
  });

  test('is taken where nobody else is called so', async () => {
    const { lookup, asked } = gateway([WEB, ...OTHERS], { knowsInterfaces: true });
    expect(await assetsByName(lookup, ['web-1.corp.example.com', 'HOST-7'], 'label')).toEqual({
      assets: [WEB, OTHERS[7]],
      byLabel: ['web-1.corp.example.com → web-1 (1)'],
    });
    expect(asked).toMatchObject({ names: 1 });
  });

  test('is taken with a word where the other names of a large inventory cannot be asked for', async () => {
    const { lookup, asked } = gateway([WEB, ...OTHERS], { knowsInterfaces: false });
    expect((await assetsByName(lookup, ['web-1.corp.example.com'], 'label')).byLabel).toEqual([
      'web-1.corp.example.com → web-1 (1, other names not all compared)',
    ]);
    expect(asked.pages).toBeLessThan(25);
  });

  test('costs nothing where no name is taken by its label', async () => {
    const { lookup, asked } = gateway([WEB, ALIAS], { knowsInterfaces: true });
    expect((await assetsByName(lookup, ['web-1'], 'label')).assets).toEqual([WEB]);
    expect((await assetsByName(lookup, ['WEB-1'], 'exact')).assets).toEqual([WEB]);
    expect(asked).toEqual({ names: 2, aliases: 0, pages: 0 });
  });
});
