// Global AssetView / CSAM, v1 and v2 (docs/qualys-api.md#global-assetview): a 200 can be a failure, `hasMore` is 0 or 1, and null may mean
// "not asked for".
import { z } from 'zod';
import { compact, epochMs, idText, lenient, someId, text, wholeNumber } from './common.js';

const Attribute = z.looseObject({ key: text, value: text, connectorName: text });
const ATTRIBUTE_MISSING = { key: undefined, value: undefined, connectorName: undefined };

/** Fields that are null or absent stay absent: under `includeFields`, null means "not asked for" (docs/qualys-api.md#global-assetview). */
export const GavAssetRow = z
  .looseObject({
    assetId: idText,
    assetUUID: text,
    hostId: someId,
    agentId: text,
    assetName: text,
    dnsName: text,
    address: text,
    operatingSystem: lenient(z.union([text, z.looseObject({ osName: text }).transform(({ osName }) => osName)])),
    createdDate: epochMs,
    lastModifiedDate: epochMs,
    customAttributes: lenient(z.array(Attribute.catch(ATTRIBUTE_MISSING))),
  })
  .transform((row) =>
    compact({
      assetId: row.assetId,
      assetUuid: row.assetUUID,
      hostId: row.hostId,
      agentUuid: row.agentId,
      name: row.assetName ?? row.dnsName,
      address: row.address,
      operatingSystem: row.operatingSystem,
      createdAt: row.createdDate,
      modifiedAt: row.lastModifiedDate,
      customAttributes: row.customAttributes?.flatMap(({ key, value, connectorName }) =>
        key === undefined ? [] : [{ key, value: value ?? '', ...(connectorName === undefined ? {} : { connectorName }) }],
      ),
    }),
  );

export interface GavPageRead {
  kind: 'page';
  rows: unknown[];
  /** Undefined where the answer does not say: a walk must not take that for the end. */
  hasMore: boolean | undefined;
  lastSeenAssetId: string | undefined;
}
export type GavRefusal = { kind: 'failed'; message: string } | { kind: 'xml' };
export type GavCountRead = { kind: 'count'; count: number };

const Head = z.looseObject({ responseCode: text, responseMessage: text });
const hasMore = lenient(
  z.union([
    z.boolean(),
    z.literal([0, 1]).transform((value) => value === 1),
    z.stringbool({ truthy: ['1', 'true'], falsy: ['0', 'false'] }),
  ]),
);
const Body = z.looseObject({
  count: wholeNumber,
  hasMore,
  lastSeenAssetId: someId,
  assetListData: z
    .looseObject({ asset: z.array(z.unknown()) })
    .nullish()
    .catch(undefined),
});

/** A page; a refusal in its own words; undefined for anything else. Only `SUCCESS` is success (6.4). */
export function gavPageOf(json: unknown, text = ''): GavPageRead | GavRefusal | undefined {
  const refusal = refusalIn(json, text);
  if (refusal !== 'success') return refusal;
  const parsed = Body.safeParse(json);
  if (!parsed.success) return undefined;
  const { count, assetListData, hasMore: more, lastSeenAssetId } = parsed.data;
  const rows = assetListData?.asset ?? [];
  // No list and no zero: the list is missing, not empty.
  if (assetListData == null && count !== 0) return undefined;
  return { kind: 'page', rows, hasMore: more, lastSeenAssetId };
}

export function gavCountOf(json: unknown, text = ''): GavCountRead | GavRefusal | undefined {
  const refusal = refusalIn(json, text);
  if (refusal !== 'success') return refusal;
  const parsed = Body.safeParse(json);
  return parsed.success && parsed.data.count !== undefined && parsed.data.count >= 0
    ? { kind: 'count', count: parsed.data.count }
    : undefined;
}

function refusalIn(json: unknown, body: string): GavRefusal | undefined | 'success' {
  // HTML is a gateway's error page and passes; XML is the API answering in the other format (docs/qualys-api.md#global-assetview).
  if (json === undefined && /^\s*<(?!!doctype html|html)/i.test(body)) return { kind: 'xml' };
  const head = Head.safeParse(json);
  if (!head.success || head.data.responseCode === undefined) return undefined;
  if (head.data.responseCode.trim().toUpperCase() === 'SUCCESS') return 'success';
  return { kind: 'failed', message: `${head.data.responseCode}: ${head.data.responseMessage ?? 'no reason given'}` };
}
