// What GAV knows of an asset that a filter may ask for: the names of docs.qualys.com/en/csam/api/appendix/supported_operators.htm, and
// those that public clients use against the live service.
import { agentSeenAt, type World } from '../world/state.js';

export type GavFieldKind = 'text' | 'number' | 'date' | 'uuid' | 'address';

export interface GavField {
  kind: GavFieldKind;
  read: (index: number) => string | number | readonly (string | number)[] | undefined;
}

const DEPARTMENTS = ['Engineering', 'Design', 'Customer Support'];

/** Every asset has a department; every tenth also the documents' `Media State4`. */
export function customAttributes(index: number): { key: string; value: string; connectorName: string }[] {
  const department = { key: 'Department', value: DEPARTMENTS[index % DEPARTMENTS.length] ?? '', connectorName: 'Qualys' };
  return index % 10 === 9 ? [{ key: 'Media State4', value: 'Media disconnected', connectorName: 'Qualys' }, department] : [department];
}

/** Assets are older than the simulator, and every one of thirty was changed on another day. */
export const CREATED_BEFORE_MS = 90 * 86_400_000;

export function modifiedAt({ bornAt }: Pick<World, 'bornAt'>, index: number): number {
  return bornAt - (index % 30) * 86_400_000;
}

/** 0 to 1,000, far apart for neighbours. */
export function truRisk(index: number): number {
  return (index * 137) % 1_001;
}

/** 1 to 5. */
export function criticality(index: number): number {
  return 1 + (index % 5);
}

/** CentOS 7 is at its end; the Windows servers are not. */
export function lifecycleStage({ fleet }: World, index: number): string {
  return fleet.platform(index) === 'LINUX' ? 'EOL/EOS' : 'GA';
}

export function tagNames(world: World, index: number): string[] {
  const borne = new Set(world.fleet.tagIds(index));
  return world.settings.tags.filter(({ id }) => borne.has(id)).map(({ name }) => name);
}

export function gavFields(world: World): Readonly<Record<string, GavField>> {
  const { fleet, bornAt } = world;
  const instant = (at: number) => new Date(at).toISOString();
  const id: GavField = { kind: 'number', read: fleet.assetId };
  const created: GavField = { kind: 'date', read: () => instant(bornAt - CREATED_BEFORE_MS) };
  const updated: GavField = { kind: 'date', read: (index) => instant(modifiedAt(world, index)) };
  const seen: GavField = { kind: 'date', read: (index) => instant(agentSeenAt(world, index)) };
  const risk: GavField = { kind: 'number', read: truRisk };
  const system: GavField = { kind: 'text', read: fleet.operatingSystem };
  const tagName: GavField = { kind: 'text', read: (index) => tagNames(world, index) };
  return {
    'asset.id': id,
    'asset.assetID': id,
    'asset.name': { kind: 'text', read: fleet.name },
    'asset.created': created,
    'asset.createdDate': created,
    'asset.lastUpdated': updated,
    'asset.lastUpdatedDate': updated,
    'asset.truRisk': risk,
    'asset.riskScore': risk,
    'asset.criticalityScore': { kind: 'number', read: criticality },
    'asset.agentID': { kind: 'uuid', read: fleet.agentUuid },
    'asset.tag.name': tagName,
    'tags.name': tagName,
    'tags.id': { kind: 'number', read: fleet.tagIds },
    'interfaces.address': { kind: 'address', read: fleet.address },
    operatingSystem: system,
    'operatingSystem.name': system,
    'operatingSystem.lifecycle.stage': { kind: 'text', read: (index) => lifecycleStage(world, index) },
    'qualys.agent.lastActivityDate': seen,
    'qualys.agent.lastCheckedInDate': seen,
    'customAttributes.key': { kind: 'text', read: (index) => customAttributes(index).map(({ key }) => key) },
    'customAttributes.value': { kind: 'text', read: (index) => customAttributes(index).map(({ value }) => value) },
  };
}
