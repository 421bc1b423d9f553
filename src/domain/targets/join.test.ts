import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CarIndex, type InventoryHost, joinHost } from './join.js';

const WEB = { assetId: '1', name: 'web-1.example.com', agentUuid: 'AAAA-1' };
const DB = { assetId: '2', name: 'db-1.example.com', agentUuid: 'aaaa-2' };
const BARE = { assetId: '3', name: 'bare-1' };
/** Cloned together with its agent. */
const CLONES = [
  { assetId: '4', name: 'clone-1', agentUuid: 'aaaa-4' },
  { assetId: '5', name: 'clone-2', agentUuid: 'aaaa-4' },
];
const TWINS = [
  { assetId: '6', name: 'twin', agentUuid: 'aaaa-6' },
  { assetId: '7', name: 'TWIN', agentUuid: 'aaaa-7' },
];

function indexed() {
  const index = new CarIndex<{ assetId: string; name: string; agentUuid?: string }>();
  index.add([WEB, DB, BARE, ...CLONES, ...TWINS]);
  return index;
}

const host = (keys: Partial<InventoryHost>): InventoryHost => ({ id: 'x', isAgentCertain: true, names: [], ...keys });

function joined(keys: Partial<InventoryHost>): string {
  const result = joinHost(host(keys), indexed());
  return result.kind === 'joined' ? `${result.asset.assetId} by ${result.by}` : `${result.why} ${result.candidates.join()}`.trim();
}

describe('a host of another inventory', () => {
  test.each<[string, Partial<InventoryHost>, string]>([
    ['its asset id', { assetId: '1', agentUuid: 'aaaa-1' }, '1 by asset-id'],
    ['its asset id alone', { assetId: '1' }, '1 by asset-id'],
    ['its asset id and a name without the domain', { assetId: '1', names: ['WEB-1'] }, '1 by asset-id'],
    ['its asset id, renamed under the same agent', { assetId: '1', agentUuid: 'aaaa-1', names: ['mail'] }, '1 by asset-id'],
    ['an id of an asset whose agent CAR does not tell', { assetId: '3', agentUuid: 'new', names: ['bare-1'] }, '3 by asset-id'],
    ['its agent, in another case', { assetId: '900', agentUuid: 'AAAA-2' }, '2 by agent-uuid'],
    ['the agent of clones, and its name', { agentUuid: 'aaaa-4', names: ['clone-2'] }, '5 by agent-uuid'],
    ['its agent, and a name without the domain', { assetId: '900', agentUuid: 'aaaa-2', names: ['DB-1'] }, '2 by agent-uuid'],
    ['its whole name, where its inventory has no asset ids', { names: ['DB-1.example.com'] }, '2 by host-name'],
    ['one of its names', { names: ['db-1', 'db-1.example.com'] }, '2 by host-name'],
    ['its name, with an id that need not be an agent', { agentUuid: 'edr', isAgentCertain: false, names: [DB.name] }, '2 by host-name'],
  ])('is joined by %s', (_, keys, expected) => {
    expect(joined(keys)).toBe(expected);
  });

  test.each<[string, Partial<InventoryHost>, string]>([
    ['the id of one asset and the agent of another', { assetId: '1', agentUuid: 'aaaa-2' }, 'contradictory 1,2'],
    ['the id of an asset with another agent', { assetId: '1', agentUuid: 'reinstalled' }, 'contradictory 1'],
    ['the id of an asset with another name, and nothing else', { assetId: '1', names: ['printer'] }, 'contradictory 1'],
    ['the name of an asset with another agent', { agentUuid: 'reinstalled', names: [WEB.name] }, 'contradictory 1'],
    ['the agent of an asset with another name', { agentUuid: 'aaaa-1', names: ['mail.example.com'] }, 'contradictory 1'],
    ['the agent of an asset with another name and another id', { assetId: '900', agentUuid: 'aaaa-1', names: ['mail'] }, 'contradictory 1'],
    ['the whole name of an asset with another id', { assetId: '900', names: [WEB.name] }, 'contradictory 1'],
    ['the name of an asset with another id, whose agent CAR does not tell', { assetId: '900', names: ['bare-1'] }, 'contradictory 3'],
    ['the name of two assets', { names: ['twin'] }, 'ambiguous 6,7'],
    ['the agent of two assets, and no name', { agentUuid: 'aaaa-4' }, 'ambiguous 4,5'],
    ['only the first label of a name', { agentUuid: 'z', names: ['web-1'] }, 'unknown'],
    ['no agent and no known name', { assetId: '900', names: ['printer'] }, 'no-agent'],
  ])('is left out with %s', (_, keys, expected) => {
    expect(joined(keys)).toBe(expected);
  });
});

test('no host is ever joined to an asset that one of its keys contradicts', () => {
  const key = fc.constantFrom('a', 'b', 'c', 'd');
  const asset = fc.record({ assetId: key, name: fc.constantFrom('', 'a', 'b', 'c'), agentUuid: fc.option(key, { nil: undefined }) });
  const hosts = fc.record({
    id: key,
    assetId: fc.option(key, { nil: undefined }),
    agentUuid: fc.option(key, { nil: undefined }),
    isAgentCertain: fc.constant(true),
    names: fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 2 }),
  });
  fc.assert(
    fc.property(fc.array(asset, { maxLength: 6 }), hosts, (assets, one) => {
      const index = new CarIndex<(typeof assets)[number]>();
      index.add(assets);
      const result = joinHost(one, index);
      if (result.kind === 'apart') return;
      const { asset: found } = result;
      const byAgent = one.agentUuid !== undefined && found.agentUuid === one.agentUuid;
      expect(one.agentUuid !== undefined && found.agentUuid !== undefined && !byAgent).toBe(false);
      const byId = found.assetId === one.assetId;
      const isOtherName = one.names.length > 0 && found.name !== '' && !one.names.includes(found.name);
      // Two keys may outvote the name; one may not.
      expect(isOtherName && !(byId && byAgent)).toBe(false);
      // Another id is outvoted by the agent only, and a name alone joins only where there is no id.
      expect(one.assetId !== undefined && !byId && !byAgent).toBe(false);
      if (!byId && !byAgent) expect(one.names).toContain(found.name);
    }),
    { numRuns: 2_000 },
  );
});
