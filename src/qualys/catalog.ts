// Every documented operation (docs/api-coverage.md), as data: the client takes method and path from here.
import type { EndpointKind } from '../domain/execution/answer.js';

export type PagingEngine = 'none' | 'page-number' | 'search-after' | 'header-cursor' | 'last-seen-id';

export interface Operation {
  /** `#1` to `#30` of the reference. */
  number: number;
  method: 'GET' | 'POST';
  /** `{name}` stands for one segment. */
  path: string;
  /** A second documented or plausible spelling, asked where the first is unknown to the gateway. */
  alsoAt?: string;
  kind: EndpointKind;
  paging: PagingEngine;
}

export const operations = {
  auth: operation(1, 'POST /auth', { kind: 'auth' }),
  script: operation(2, 'GET /sm/v1/scripts/{id}'),
  searchScripts: operation(3, 'POST /sm/v1/scripts/search', { paging: 'page-number' }),
  searchAssets: operation(4, 'POST /sm/v1/assets/search', { paging: 'search-after' }),
  searchTags: operation(5, 'POST /sm/v1/assettags/search', { paging: 'page-number' }),
  searchJobsV1: operation(6, 'POST /sm/v1/jobs/search', { paging: 'page-number' }),
  searchAssetJobsV1: operation(7, 'POST /sm/v1/assetjobs/search', { paging: 'page-number' }),
  activities: operation(8, 'POST /sm/v1/scripts/activities', { paging: 'page-number' }),
  exportScripts: operation(9, 'GET /sm/v1/scripts/export'),
  importScripts: operation(10, 'POST /sm/v1/scripts/import', { kind: 'import' }),
  cloneScript: operation(11, 'POST /sm/v1/scripts/{scriptId}/clone', { kind: 'clone' }),
  execute: operation(12, 'POST /sm/v1/scripts/{scriptId}/execute', { kind: 'execute' }),
  createSchedule: operation(13, 'POST /sm/v1/scripts/scheduler', { kind: 'schedule' }),
  countScripts: operation(14, 'GET /sm/v1/script/count', { alsoAt: '/sm/v1/scripts/count' }),
  countJobs: operation(15, 'GET /sm/v1/jobs/count'),
  countAssetJobs: operation(16, 'GET /sm/v1/assetjobs/count'),
  countSchedules: operation(17, 'POST /sm/v1/scheduler/count'),
  countAssets: operation(18, 'GET /sm/v1/assets/count'),
  searchJobs: operation(19, 'POST /sm/v2/jobs/search', { paging: 'search-after' }),
  searchAssetJobs: operation(20, 'POST /sm/v2/assetjobs/search', { paging: 'search-after' }),
  edrAssets: operation(21, 'GET /ioc/asset/searchAfter', { paging: 'header-cursor' }),
  edrAssetsV1: operation(22, 'GET /ioc/v1/asset/searchAfter', { paging: 'header-cursor' }),
  gavAssets: operation(23, 'POST /rest/2.0/search/am/asset', { paging: 'last-seen-id' }),
  gavAsset: operation(24, 'GET /rest/2.0/get/am/asset', { alsoAt: '/rest/2.0/search/am/asset' }),
  countGavAssets: operation(25, 'POST /rest/2.0/count/am/asset'),
  gavV1Assets: operation(26, 'POST /am/v1/assets/host/list', { paging: 'last-seen-id' }),
  gavV1FilteredAssets: operation(27, 'POST /am/v1/assets/host/filter/list', { paging: 'last-seen-id' }),
  gavV1Asset: operation(28, 'POST /am/v1/asset/host/id'),
  countGavV1Assets: operation(29, 'POST /am/v1/assets/host/count'),
  easmStatus: operation(30, 'GET /easm/v1/profile/status'),
} as const satisfies Record<string, Operation>;

type Facts = Partial<Pick<Operation, 'kind' | 'paging' | 'alsoAt'>>;

function operation(number: number, call: `${'GET' | 'POST'} /${string}`, facts: Facts = {}): Operation {
  const [method, path] = call.split(' ') as ['GET' | 'POST', string];
  return { number, method, path, kind: 'read', paging: 'none', ...facts };
}

export type QueryValue = string | number | undefined;

/**
 * Path and query. Segments and values are percent-encoded, spaces as `%20`: a plus sign is read as itself by some gateways
 * (docs/qualys-api.md#filters).
 */
export function pathOf(pattern: string, segments: Readonly<Record<string, string>> = {}, query: Readonly<Record<string, QueryValue>> = {}) {
  const path = pattern.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(segments[name] ?? ''));
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const text = given.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join('&');
  return text === '' ? path : `${path}?${text}`;
}
