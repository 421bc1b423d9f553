// GAV/CSAM assets, v2 and v1 (docs/qualys-api.md#global-assetview). Cursor, size and projection travel in the query, on POST too: in the
// body they are ignored (docs/qualys-api.md#global-assetview).
import { GavFilter } from '../../contracts/gav-filter.js';
import { type Operation, operations, pathOf, type QueryValue } from '../catalog.js';
import { QualysError } from '../errors.js';
import { isPathUnknown, type Reader } from '../http/read.js';
import type { Call, OutgoingBody } from '../http/send.js';
import type { CallOptions, GavAsset, GavFields, GavV1WalkOptions, GavV2Filter, GavWalkOptions } from '../operations.js';
import type { Page } from '../types.js';
import { rawRows } from '../walks/raw-rows.js';
import { GavAssetRow, gavCountOf, gavPageOf } from '../wire/gav.js';
import { gavAnswer, gavWalk } from './gav-walk.js';

/** v2: the filter is a body, JSON or XML. */
export function gavAssets(reader: Reader, options: GavWalkOptions): AsyncGenerator<Page<GavAsset>> {
  const body = filterBody(options.filter);
  const query = { ...fields(options), assetLastUpdated: instant(options.updatedSince) };
  return gavWalk(reader, options, (paging) => gavCall(operations.gavAssets, { ...query, ...paging }, options, body));
}

/** v1: with a filter it is another endpoint, and the filter is part of the query. */
export function gavV1Assets(reader: Reader, options: GavV1WalkOptions): AsyncGenerator<Page<GavAsset>> {
  const { filter } = options;
  const operation = filter === undefined ? operations.gavV1Assets : operations.gavV1FilteredAssets;
  const query = { filter, ...fields(options), lastModifiedDate: instant(options.updatedSince) };
  return gavWalk(reader, options, (paging) => gavCall(operation, { ...query, ...paging }, options));
}

/** Asked under both documented paths, the second where the gateway does not know the first (docs/qualys-api.md#global-assetview). */
export async function gavAsset(reader: Reader, assetId: string, options: CallOptions & GavFields = {}): Promise<GavAsset | undefined> {
  const { path, alsoAt = path } = operations.gavAsset;
  try {
    return await oneAsset(reader, { ...operations.gavAsset, path }, assetId, options);
  } catch (error) {
    if (!isPathUnknown(error)) throw error;
    return oneAsset(reader, { ...operations.gavAsset, path: alsoAt }, assetId, options);
  }
}

export function gavV1Asset(reader: Reader, assetId: string, options: CallOptions & GavFields = {}): Promise<GavAsset | undefined> {
  return oneAsset(reader, operations.gavV1Asset, assetId, options);
}

export async function countGavAssets(reader: Reader, options: CallOptions & { filter?: GavV2Filter } = {}): Promise<number> {
  return counted(reader, gavCall(operations.countGavAssets, {}, options, filterBody(options.filter)));
}

export async function countGavV1Assets(reader: Reader, options: CallOptions & { filter?: string } = {}): Promise<number> {
  return counted(reader, gavCall(operations.countGavV1Assets, { filter: options.filter }, options));
}

async function oneAsset(reader: Reader, operation: Operation, assetId: string, options: CallOptions & GavFields) {
  if (!/^\d{1,19}$/.test(assetId)) throw invalid(operation, `${JSON.stringify(assetId.slice(0, 60))} is not an asset id: use digits only`);
  const call = gavCall(operation, { assetId, ...fields(options) }, options);
  const { page } = await gavAnswer(reader, call);
  const { rows } = rawRows(reader, call.endpoint, { schema: GavAssetRow, items: page.rows });
  const asset = rows.find((row) => row.assetId === assetId);
  // Rows of other assets mean that the parameter was not read: that is no "unknown asset".
  if (asset === undefined && page.rows.length > 0) {
    throw new QualysError('protocol', `${call.endpoint}: asked for asset ${assetId}, received other assets`, {
      endpoint: call.endpoint,
    });
  }
  return asset;
}

async function counted(reader: Reader, call: Call): Promise<number> {
  const answer = await gavAnswer(reader, { ...call, payloadOf: (json, { body }) => gavCountOf(json, body.toString('utf8', 0, 200)) });
  return answer.count;
}

function gavCall(
  operation: Operation,
  query: Readonly<Record<string, QueryValue>>,
  { runId, signal }: CallOptions,
  body?: () => OutgoingBody,
): Call {
  return {
    endpoint: operation.path.slice(1),
    kind: 'read',
    method: operation.method,
    path: pathOf(operation.path, {}, query),
    body,
    payloadOf: (json, answer) => gavPageOf(json, answer.body.toString('utf8', 0, 200)),
    payloadOfNothing: { kind: 'page', rows: [], hasMore: false, lastSeenAssetId: undefined },
    blankIsNothing: operation.number === operations.gavV1FilteredAssets.number,
    runId,
    signal,
  };
}

/** Without a filter the sample sends an empty body under the type of XML. */
function filterBody(filter: GavV2Filter | undefined): () => OutgoingBody {
  if (filter === undefined) return () => ({ type: 'application/xml', content: '' });
  if ('xml' in filter) {
    const { xml } = filter;
    if (!/^\s*</.test(xml)) throw invalid(operations.gavAssets, 'the XML filter must begin with an element such as <filters>');
    return () => ({ type: 'application/xml', content: xml });
  }
  const parsed = GavFilter.safeParse(filter);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'filter'} ${message}`);
    throw invalid(operations.gavAssets, `the filter is invalid and was not sent: ${problems.slice(0, 3).join('; ')}`);
  }
  // No document has a JSON filter without criteria: the documented way to ask for everything is an empty body.
  if (parsed.data.filters.length === 0) return filterBody(undefined);
  return () => ({ type: 'application/json', content: JSON.stringify(parsed.data) });
}

function fields({ includeFields, excludeFields }: GavFields) {
  return { includeFields: includeFields?.join(','), excludeFields: excludeFields?.join(',') };
}

function instant(at: number | undefined): string | undefined {
  return at === undefined ? undefined : new Date(at).toISOString();
}

function invalid({ path }: Operation, problem: string): QualysError {
  return new QualysError('invalid', `${path}: ${problem}`, { endpoint: path.slice(1) });
}
