// Which CAR asset a host of another inventory is. No document says that their ids are the same, so every key is checked against the
// others: a script on the wrong host is worse than a host that is named as left out.

/** A host as GAV or EDR has it. Its keys are compared without regard to case. */
export interface InventoryHost {
  /** What its own inventory calls it. */
  id: string;
  /** GAV's asset id: the number that CAR should have, too. */
  assetId?: string | undefined;
  agentUuid?: string | undefined;
  /** EDR's `id` looks like the agent's UUID, and no document says so: then another UUID in CAR proves nothing. */
  isAgentCertain: boolean;
  /** Whole names, the best first. */
  names: readonly string[];
  /** Everything that it is called: for policy, which names hosts. Nothing is joined by it. */
  aliases?: readonly string[] | undefined;
  /** When its agent was last seen, where its inventory tells. */
  lastSeenAt?: number | undefined;
}

interface CarHost {
  assetId: string;
  name: string;
  agentUuid?: string | undefined;
}

export type JoinKey = 'asset-id' | 'agent-uuid' | 'host-name';

/**
 * - `unknown`: CAR has none of its keys; `no-agent`: the same, and its own inventory knows no agent of it, which CAR needs;
 * - `ambiguous`: a key stands for several CAR assets; `contradictory`: its keys stand for different assets.
 */
export type ApartWhy = 'unknown' | 'no-agent' | 'ambiguous' | 'contradictory';

export type JoinResult<Asset> =
  | { kind: 'joined'; asset: Asset; by: JoinKey }
  /** `candidates`: ids of the CAR assets that it might have been. */
  | { kind: 'apart'; why: ApartWhy; candidates: string[] };

/** CAR assets by each of their keys. */
export class CarIndex<Asset extends CarHost> {
  readonly #byId = new Map<string, Asset>();
  readonly #byAgent = new Map<string, Asset[]>();
  readonly #byName = new Map<string, Asset[]>();

  add(assets: Iterable<Asset>): void {
    for (const asset of assets) {
      if (this.#byId.has(asset.assetId)) continue;
      this.#byId.set(asset.assetId, asset);
      if (asset.agentUuid) push(this.#byAgent, folded(asset.agentUuid), asset);
      if (asset.name) push(this.#byName, folded(asset.name), asset);
    }
  }

  withId(assetId: string | undefined): Asset | undefined {
    return assetId === undefined ? undefined : this.#byId.get(assetId);
  }

  withAgent(agentUuid: string | undefined): readonly Asset[] {
    return (agentUuid === undefined ? undefined : this.#byAgent.get(folded(agentUuid))) ?? [];
  }

  withName(names: readonly string[]): readonly Asset[] {
    return [...new Set(names.flatMap((name) => this.#byName.get(folded(name)) ?? []))];
  }
}

/**
 * Asset id, then agent UUID, then host name: the first key that CAR knows decides, unless another one contradicts it. An id that CAR
 * does not know contradicts every asset that has another one: the agent may outweigh it together with the name, and the name alone never
 * does.
 */
export function joinHost<Asset extends CarHost>(host: InventoryHost, index: CarIndex<Asset>): JoinResult<Asset> {
  const same = index.withId(host.assetId);
  const ofAgent = index.withAgent(host.agentUuid);
  if (same) {
    const others = ofAgent.filter((asset) => asset !== same);
    const isContradicted = !ofAgent.includes(same) && (others.length > 0 || contradictsAgent(host, same) || contradictsName(host, same));
    return isContradicted ? apart('contradictory', [same, ...others]) : { kind: 'joined', asset: same, by: 'asset-id' };
  }
  const named = index.withName(host.names);
  if (ofAgent.length > 0) {
    // Cloned machines share an agent's UUID until it is renewed: only the name can tell them apart.
    const candidates = ofAgent.length === 1 ? ofAgent : ofAgent.filter((asset) => named.includes(asset));
    const [asset] = candidates;
    if (!asset || candidates.length > 1) return apart('ambiguous', ofAgent);
    return contradictsName(host, asset) ? apart('contradictory', candidates) : { kind: 'joined', asset, by: 'agent-uuid' };
  }
  const [asset] = named;
  if (!asset) return apart(host.agentUuid === undefined ? 'no-agent' : 'unknown', []);
  if (named.length > 1) return apart('ambiguous', named);
  const isContradicted = host.assetId !== undefined || contradictsAgent(host, asset);
  return isContradicted ? apart('contradictory', named) : { kind: 'joined', asset, by: 'host-name' };
}

/** True when the agent's UUID in CAR is not the host's: it was reinstalled, or this is another machine. */
function contradictsAgent({ agentUuid, isAgentCertain }: InventoryHost, asset: CarHost): boolean {
  return isAgentCertain && !!agentUuid && !!asset.agentUuid && folded(agentUuid) !== folded(asset.agentUuid);
}

/** The first label only: one inventory has the domain, the other has not. */
function contradictsName({ names }: InventoryHost, asset: CarHost): boolean {
  return names.length > 0 && asset.name !== '' && !names.some((name) => firstLabel(name) === firstLabel(asset.name));
}

function apart(why: ApartWhy, assets: readonly CarHost[]): { kind: 'apart'; why: ApartWhy; candidates: string[] } {
  return { kind: 'apart', why, candidates: assets.map(({ assetId }) => assetId) };
}

function firstLabel(name: string): string {
  return folded(name).split('.')[0] ?? '';
}

function folded(key: string): string {
  return key.trim().toLowerCase();
}

function push<Asset>(map: Map<string, Asset[]>, key: string, asset: Asset): void {
  const known = map.get(key);
  if (known) known.push(asset);
  else map.set(key, [asset]);
}
