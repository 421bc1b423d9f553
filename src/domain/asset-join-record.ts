// What could not be joined, as the audit log of a run keeps it: rows of JSON, each short enough for an entry.
import type { ApartWhy } from './asset-join.js';

export interface NotJoined {
  /** `gav`, `gav-v1` or `edr`. */
  source: string;
  /** What its own inventory calls it. */
  id: string;
  name?: string | undefined;
  why: ApartWhy;
  /** CAR assets that it might have been. */
  candidates?: string[] | undefined;
}

export interface NotJoinedList {
  count: number;
  /** The first of them, all as long as they are few. */
  assets: NotJoined[];
}

export const NOT_JOINED = 'not-joined';
/** Every one is counted; this many are named, some two thousand entries of the log. */
export const NAMED_AT_MOST = 50_000;
/** The audit log cuts its details at 2,000 characters. */
const RECORD_LENGTH = 1_900;
const TEXT_LENGTH = 200;
const CANDIDATES = 5;

type Row = [id: string, name: string, why: ApartWhy, ...candidates: string[]];

interface Entry {
  attempt: number;
  source: string;
  assets: Row[];
  /** Further ones that are counted only. */
  more?: number;
}

/** Details for as many audit entries as they take. */
export function notJoinedRecords(attempt: number, source: string, assets: readonly NotJoined[]): string[] {
  const records: string[] = [];
  let rows: string[] = [];
  let length = 0;
  const flush = () => {
    if (rows.length > 0) records.push(`{"attempt":${attempt},"source":${JSON.stringify(source)},"assets":[${rows.join(',')}]}`);
    [rows, length] = [[], 0];
  };
  for (const { id, name = '', why, candidates = [] } of assets) {
    const row: Row = [clipped(id), clipped(name), why, ...candidates.slice(0, CANDIDATES)];
    const text = JSON.stringify(row);
    if (length + text.length > RECORD_LENGTH - 80) flush();
    rows.push(text);
    length += text.length + 1;
  }
  flush();
  return records;
}

/** Without characters that JSON writes six times as long. */
function clipped(text: string): string {
  return text.replace(/[\p{Cc}\p{Surrogate}]/gu, '\ufffd').slice(0, TEXT_LENGTH);
}

export function moreNotJoinedRecord(attempt: number, source: string, more: number): string {
  return JSON.stringify({ attempt, source, assets: [], more } satisfies Entry);
}

/** From the audit entries of a run: the list of its last attempt to open, because an earlier one may have ended half way. */
export function readNotJoined(entries: readonly { action: string; detail?: string | undefined }[]): NotJoinedList {
  const read = entries.flatMap(({ action, detail }) =>
    action === NOT_JOINED && detail !== undefined ? [JSON.parse(detail) as Entry] : [],
  );
  const last = read.reduce((most, { attempt }) => Math.max(most, attempt), 0);
  const current = read.filter(({ attempt }) => attempt === last);
  const assets = current.flatMap(({ source, assets: rows }) =>
    rows.map(
      ([id, name, why, ...candidates]): NotJoined => ({
        source,
        id,
        ...(name === '' ? {} : { name }),
        why,
        ...(candidates.length === 0 ? {} : { candidates }),
      }),
    ),
  );
  return { count: current.reduce((sum, { more = 0 }) => sum + more, assets.length), assets };
}

const BECAUSE: Readonly<Record<ApartWhy, string>> = {
  unknown: 'unknown to CAR',
  'no-agent': 'has no agent, and CAR knows neither its id nor its name',
  ambiguous: 'stands for several CAR assets',
  contradictory: 'its keys stand for different assets',
};

/** `web-1 (gav 28975144): unknown to CAR`. */
export function notJoinedText({ source, id, name, why, candidates }: NotJoined): string {
  const which = candidates ? `: ${candidates.join(', ')}` : '';
  return `${name ? `${name} (${source} ${id})` : `${source} ${id}`}: ${BECAUSE[why]}${which}`;
}
