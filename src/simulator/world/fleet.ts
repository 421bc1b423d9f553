import type { SimulatorSettings } from '../options.js';
import { chance } from './chance.js';

/** The assets, addressed by their index from 0; nothing is stored per asset. */
export interface Fleet {
  readonly size: number;
  indexOf(assetId: string): number | undefined;
  assetId(index: number): number;
  name(index: number): string;
  /** What its interfaces are called. */
  interfaceNames(index: number): (string | null)[];
  agentUuid(index: number): string;
  address(index: number): string;
  platform(index: number): 'LINUX' | 'WINDOWS';
  operatingSystem(index: number): string;
  agentVersion(index: number): string;
  tagIds(index: number): number[];
  /** Indexes of the assets that have one of these tags, each once, ascending. Costs what they are, not what the fleet is. */
  tagged(tagIds: Iterable<string>): number[];
  /** From now on the asset has the tag, or has it no more, whatever the tag's rule says. */
  retag(index: number, tagId: number, bears: boolean): void;
}

type Tag = SimulatorSettings['tags'][number];

export function fleetOf(settings: SimulatorSettings): Fleet {
  const { firstAssetId, assets: size, tags, seed } = settings;
  const platform = (index: number) =>
    settings.windowsEvery > 0 && (index + 1) % settings.windowsEvery === 0 ? ('WINDOWS' as const) : ('LINUX' as const);
  const assetId = (index: number) => firstAssetId + index;
  const retagged = new Map<number, Map<number, boolean>>();
  const bearersOf = ({ id, modulo, remainder }: Tag): number[] => {
    const first = remainder % modulo;
    const byRule = Array.from({ length: Math.max(0, Math.ceil((size - first) / modulo)) }, (_, place) => first + place * modulo);
    const changed = retagged.get(id);
    if (!changed) return byRule;
    const bearers = new Set(byRule);
    for (const [index, bears] of changed) bearers[bears ? 'add' : 'delete'](index);
    return [...bearers].sort((a, b) => a - b);
  };
  const name = (index: number) => settings.assetNames[String(assetId(index))] ?? `host-${String(index + 1).padStart(6, '0')}.example.com`;
  return {
    size,
    assetId,
    platform,
    indexOf(text) {
      const index = /^\d{1,15}$/.test(text) ? Number(text) - firstAssetId : -1;
      return index >= 0 && index < size ? index : undefined;
    },
    name,
    interfaceNames: (index) => settings.interfaceNames[String(assetId(index))] ?? [name(index)],
    agentUuid: (index) => agentUuid(seed, index),
    address: (index) => `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`,
    operatingSystem: (index) => (platform(index) === 'LINUX' ? 'CentOS Linux 7.9.2009' : 'Microsoft Windows Server 2019 Standard'),
    agentVersion: (index) => (index % 10 === 9 ? '4.8.0.31' : '5.0.0.17'),
    tagIds: (index) =>
      tags
        .filter(({ id, modulo, remainder }) => retagged.get(id)?.get(index) ?? index % modulo === remainder % modulo)
        .map((tag) => tag.id),
    tagged(tagIds) {
      const wanted = new Set(tagIds);
      const [first, ...others] = tags.filter(({ id }) => wanted.has(String(id)));
      if (!first) return [];
      if (others.length === 0) return bearersOf(first);
      return [...new Set([first, ...others].flatMap(bearersOf))].sort((a, b) => a - b);
    },
    retag(index, tagId, bears) {
      retagged.set(tagId, (retagged.get(tagId) ?? new Map<number, boolean>()).set(index, bears));
    },
  };
}

// Cheaper than a digest: it is drawn for every row of every page. The index at the end keeps it unique.
function agentUuid(seed: number, index: number): string {
  const part = (label: string) =>
    Math.floor(chance(seed, label, index) * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
  const [high, low] = [part('agent-high'), part('agent-low')];
  return `${high}-${low.slice(0, 4)}-4${low.slice(5, 8)}-a000-${index.toString(16).padStart(12, '0')}`;
}
