// The hosts that a query finds in an inventory other than CAR, page by page, each with the keys that CAR may know it by.

import { gavFilterOf } from '../../contracts/gav-filter.js';
import type { Targets } from '../../contracts/request.js';
import type { InventoryHost } from '../../domain/targets/join.js';
import type { EdrAsset, GavAsset, QualysOperations } from '../../qualys/operations.js';
import type { Page } from '../../qualys/types.js';
import { hostNamesOf } from '../../qualys/wire/host-names.js';
import { lastSeenOf } from '../../qualys/wire/last-seen.js';
import type { Finding } from './find-by-key.js';

export type InventoryQuery = NonNullable<Targets['query']>;
export type Inventories = Pick<QualysOperations, 'gavAssets' | 'gavV1Assets' | 'edrAssets'>;

export interface HostPage {
  hosts: InventoryHost[];
  /** Rows that came and could not be understood. */
  unreadable: number;
}

/** EDR gives ten rows a page when it is not asked for more (docs/qualys-api.md#edr-assets). */
const EDR_PAGE_SIZE = 500;

/** The operator's own filter is sent as it is: it can only choose assets. */
export async function* inventoryHosts(
  qualys: Inventories,
  { source, filter }: InventoryQuery,
  { runId, onPage }: Finding,
): AsyncGenerator<HostPage> {
  if (source === 'edr') {
    // Only what a host is recognised by, and when it was seen: rows of EDR have thirty fields.
    const includeAttributes = ['hostName', 'lastReportedTime'];
    const pages = qualys.edrAssets({ filter, pageSize: EDR_PAGE_SIZE, includeAttributes, runId });
    for await (const { rows, unreadable = 0 } of pages) {
      onPage({ source, rows: rows.length });
      yield { hosts: rows.map(edrHost), unreadable };
    }
    return;
  }
  const pages: AsyncIterable<Page<GavAsset>> =
    source === 'gav-v1'
      ? qualys.gavV1Assets({ filter, runId })
      : qualys.gavAssets({ filter: gavFilterOf(filter) ?? { xml: filter }, runId });
  for await (const { rows, unreadable = 0 } of pages) {
    onPage({ source, rows: rows.length });
    yield { hosts: rows.map(gavHost), unreadable };
  }
}

function gavHost({ assetId, agentUuid, name, raw }: GavAsset): InventoryHost {
  const { dnsName } = raw;
  return {
    id: assetId,
    assetId,
    ...(agentUuid ? { agentUuid } : {}),
    isAgentCertain: true,
    names: distinct([name, typeof dnsName === 'string' ? dnsName : undefined]),
    aliases: hostNamesOf(raw),
    lastSeenAt: lastSeenOf(raw),
  };
}

function edrHost({ id, hostName, raw }: EdrAsset): InventoryHost {
  return { id, agentUuid: id, isAgentCertain: false, names: distinct([hostName]), aliases: hostNamesOf(raw), lastSeenAt: lastSeenOf(raw) };
}

function distinct(names: readonly (string | undefined)[]): string[] {
  return [...new Set(names.flatMap((name) => (name?.trim() ? [name.trim()] : [])))];
}
