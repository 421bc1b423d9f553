// CAR assets by ids, agent UUIDs or names, hundreds in one search. No document says which tokens CAR filters by, nor how long a filter may
// be: rows are compared here, and what was learned of a token or of a length is kept for the rest of the resolution.
import { hostKeysOf } from '../../domain/targets/host-names.js';
import { anyOf, idTerm, type Qql, QqlUnsafe, term } from '../../domain/targets/qql.js';
import { QualysError } from '../../qualys/errors.js';
import type { CarAsset, Qualys } from '../../qualys/types.js';
import { isHonoured, isRefusedFilter, walkAssets } from './find.js';

/**
 * `host` and `alias`: any of an asset's host names, whole or up to the first dot. Asked for are the asset's own name, and the names of its
 * interfaces: no token finds both.
 */
export type AssetKey = 'assetId' | 'agentUuid' | 'name' | 'host' | 'alias';

export interface Finding {
  runId: string;
  /** Told after every page, so that a dead worker is noticed. */
  onPage: (found: { source: string; rows: number }) => void;
}

/** Characters of one filter: a thousand asset ids of eight digits. */
const FILTER_LENGTH = 20_480;
const TERMS_A_SEARCH = 1_000;
/** More than the terms, so that the answer to ids needs no second call to be known as whole; CAR 1.6 recommends up to 2,000. */
const PAGE_SIZE = 1_500;
/** A search that fails with fewer terms than this does not fail for its length. */
const SURELY_SHORT = 25;
/** A name filter is a match, so it finds foreign rows, too; with more than this the filter is ignored. */
const FOREIGN_ROWS = 1_000;
const FOREIGN_ROWS_A_KEY = 10;
/** As many keys as are worth one walk over everything. */
const KEYS_A_WALK = 20_000;

export interface Found {
  assets: CarAsset[];
  /** False only where `pagesAtMost`, which bounds a walk over everything, ended it. */
  isComplete: boolean;
  /** Rows that came and could not be understood: any of them may have been sought. */
  unreadable: number;
  /** Everything was checked: the same values under another key would find the same. */
  isWalk?: boolean;
}

interface TokenState {
  /** Candidates, the likeliest first: CAR's samples print an agent's id also as `id` (docs/qualys-api.md#car-assets). */
  tokens: string[];
  /** Undefined until a search has shown it. */
  isHonoured?: boolean;
}

export class AssetsByKey {
  readonly #qualys: Qualys;
  readonly #finding: Finding;
  readonly #states: Readonly<Record<AssetKey, TokenState>> = {
    assetId: { tokens: ['assetId'] },
    agentUuid: { tokens: ['agentUuid', 'id'] },
    name: { tokens: ['name'] },
    host: { tokens: ['name'] },
    // As the other modules of Qualys spell it; no document of CAR has a token for it.
    alias: { tokens: ['interfaces.hostname'] },
  };
  #termsAtMost = TERMS_A_SEARCH;

  constructor(qualys: Qualys, finding: Finding) {
    this.#qualys = qualys;
    this.#finding = finding;
  }

  /** How many keys are best asked for together: everything is walked for each of them where a token is not honoured. */
  get keysAtOnce(): number {
    return Object.values(this.#states).some(({ tokens }) => tokens.length === 0) ? KEYS_A_WALK : TERMS_A_SEARCH;
  }

  /** The assets that have one of these, compared without regard to case. */
  async find(key: AssetKey, values: Iterable<string>, pagesAtMost?: number): Promise<Found> {
    const waiting = new Map([...values].map((value) => [value.trim().toLowerCase(), value.trim()]));
    waiting.delete('');
    const belongs = (asset: CarAsset): boolean => keysOf(key, asset).some((own) => waiting.has(own));
    const found = new Map<string, CarAsset>();
    let rest = [...waiting.values()];
    let unreadable = 0;
    while (rest.length > 0 && this.#states[key].tokens.length > 0) {
      const part = this.#part(key, rest);
      const answer = await this.#search(key, part, belongs);
      if (!answer) continue;
      for (const asset of answer.assets) found.set(asset.assetId, asset);
      unreadable += answer.unreadable;
      rest = rest.slice(part.length);
    }
    if (rest.length === 0) return { assets: [...found.values()], isComplete: true, unreadable };
    // It meets the same rows again, those that cannot be understood among them.
    return this.#walk(key, belongs, { found, pagesAtMost });
  }

  async #walk(
    key: AssetKey,
    belongs: (asset: CarAsset) => boolean,
    { found, pagesAtMost }: { found: Map<string, CarAsset>; pagesAtMost: number | undefined },
  ): Promise<Found> {
    let [pages, unreadable] = [0, 0];
    const onPage = (rows: number): void => {
      pages += 1;
      this.#finding.onPage({ source: key, rows });
    };
    const onUnreadable = (rows: number): void => {
      unreadable += rows;
    };
    const bound = pagesAtMost === undefined ? {} : { pagesAtMost };
    for await (const assets of walkAssets(this.#qualys, { runId: this.#finding.runId, belongs, onPage, onUnreadable, ...bound })) {
      for (const asset of assets) found.set(asset.assetId, asset);
    }
    const isComplete = pagesAtMost === undefined || pages < pagesAtMost;
    return { assets: [...found.values()], isComplete, unreadable, isWalk: true };
  }

  /** What belongs; undefined when the question has to be put otherwise: shorter, with another token, or not at all. */
  async #search(
    key: AssetKey,
    values: readonly string[],
    belongs: (asset: CarAsset) => boolean,
  ): Promise<Omit<Found, 'isComplete'> | undefined> {
    const state = this.#states[key];
    const [token = ''] = state.tokens;
    const { runId, onPage } = this.#finding;
    const found: CarAsset[] = [];
    let [foreign, unreadable] = [0, 0];
    try {
      const filter = anyOf(values.map((value) => termOf(key, token, value)));
      for await (const page of this.#qualys.searchAssets({ filter, pageSize: PAGE_SIZE, runId })) {
        onPage({ source: key, rows: page.rows.length });
        const own = page.rows.filter(belongs);
        found.push(...own);
        unreadable += page.unreadable ?? 0;
        foreign += page.rows.length - own.length;
        if (foreign <= FOREIGN_ROWS + FOREIGN_ROWS_A_KEY * values.length) continue;
        // Whatever was asked for, this is all there is: one walk over it does for every key.
        state.tokens = [];
        return undefined;
      }
    } catch (error) {
      await this.#askOtherwise(error, { key, token, asked: values.length });
      return undefined;
    }
    if (found.length > 0) state.isHonoured = true;
    state.isHonoured ??= await this.#isHonoured(key, token);
    if (state.isHonoured) return { assets: found, unreadable };
    this.#giveUp(state);
    return undefined;
  }

  /** Throws what asking otherwise does not fix. */
  async #askOtherwise(error: unknown, { key, token, asked }: { key: AssetKey; token: string; asked: number }): Promise<void> {
    const state = this.#states[key];
    if (isRefusedFilter(error)) {
      state.isHonoured ??= await this.#isHonoured(key, token);
      if (!state.isHonoured) return this.#giveUp(state);
    } else if (!mayBeTooLong(error)) throw error;
    if (asked <= SURELY_SHORT) throw error;
    this.#termsAtMost = Math.max(SURELY_SHORT, Math.ceil(asked / 4));
  }

  #isHonoured(key: AssetKey, token: string): Promise<boolean> {
    return isHonoured(this.#qualys, { runId: this.#finding.runId, probe: (asset) => probeOf(key, token, asset) });
  }

  #giveUp(state: TokenState): void {
    state.tokens.shift();
    delete state.isHonoured;
  }

  #part(key: AssetKey, values: readonly string[]): string[] {
    const [token = ''] = this.#states[key].tokens;
    let length = 0;
    const end = values.findIndex((value, index) => {
      length += termOf(key, token, value).length + ' or '.length;
      return index > 0 && (length > FILTER_LENGTH || index >= this.#termsAtMost);
    });
    return values.slice(0, end < 0 ? values.length : end);
  }
}

function keysOf(key: AssetKey, asset: CarAsset): string[] {
  if (key === 'host' || key === 'alias') return hostKeysOf(asset);
  return [(asset[key] ?? '').trim().toLowerCase()];
}

/** An asset is the answer to this under the key. Its aliases begin with the names of its interfaces, where it has any. */
function valueToProbe(key: AssetKey, asset: CarAsset): string | undefined {
  if (key === 'alias') return asset.aliases?.[0];
  return key === 'host' ? asset.name : asset[key];
}

function termOf(key: AssetKey, token: string, value: string): Qql {
  return key === 'assetId' ? idTerm(token, value) : term(token, value);
}

function probeOf(key: AssetKey, token: string, asset: CarAsset): Qql | undefined {
  const value = valueToProbe(key, asset);
  return value !== undefined && /^[\w.-]+$/.test(value) ? termOf(key, token, value) : undefined;
}

/** Qualys documents 200 and 500 for this search and nothing else: a filter that is too long may be a 500. */
function mayBeTooLong(error: unknown): boolean {
  return error instanceof QualysError && (error.kind === 'unavailable' || error.kind === 'protocol');
}

/** False for a value that no filter can carry: it is found by its other keys, or by none. */
export function canBeAsked(value: string): boolean {
  try {
    term('name', value);
    return true;
  } catch (error) {
    if (error instanceof QqlUnsafe) return false;
    throw error;
  }
}
