// What could not be joined, as the audit log of a run keeps it: rows of JSON, each short enough for an entry.
import type { ApartWhy } from './join.js';

export interface NotJoined {
  /** `gav`, `gav-v1` or `edr`. */
  source: string;
  /** What its own inventory calls it. */
  id: string;
  name?: string | undefined;
  /** `unreadable`: rows that came and could not be understood, so that nothing is known of them but how many they are. */
  why: ApartWhy | 'unreadable';
  /** CAR assets that it might have been. */
  candidates?: string[] | undefined;
  /** Of the unreadable ones: as many as these. */
  rows?: number | undefined;
}

export interface NotJoinedList {
  /** Hosts, and rows that could not be understood. */
  count: number;
  /** The first of them, all as long as they are few; one entry for all unreadable rows of a source, before the others. */
  assets: NotJoined[];
}

export const NOT_JOINED = 'not-joined';
/** Every one is counted; this many are named, some two thousand entries of the log. */
export const NAMED_AT_MOST = 50_000;
/** The audit log cuts its details at 2,000 characters. */
const RECORD_LENGTH = 1_900;
const TEXT_LENGTH = 200;
const CANDIDATES = 5;

type Row = [id: string, name: string, why: NotJoined['why'], ...candidates: string[]];

interface Entry {
  attempt: number;
  source: string;
  assets: Row[];
  /** Further ones that are counted only. */
  more?: number;
  /** Rows that could not be understood. */
  unreadable?: number;
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

/** `source`: also `car`, or `tag 7001`. */
export function unreadableRecord(attempt: number, source: string, rows: number): string {
  return JSON.stringify({ attempt, source, assets: [], unreadable: rows } satisfies Entry);
}

/** From the audit entries of a run: the list of its last attempt to open, because an earlier one may have ended half way. */
export function readNotJoined(entries: readonly { action: string; detail?: string | undefined }[]): NotJoinedList {
  const read = entries.flatMap(({ action, detail }) =>
    action === NOT_JOINED && detail !== undefined ? [JSON.parse(detail) as Entry] : [],
  );
  const last = read.reduce((most, { attempt }) => Math.max(most, attempt), 0);
  const current = read.filter(({ attempt }) => attempt === last);
  const unreadable = current.flatMap(({ source, unreadable: rows = 0 }): NotJoined[] =>
    rows > 0 ? [{ source, id: '', why: 'unreadable', rows }] : [],
  );
  const named = current.flatMap(({ source, assets: rows }) =>
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
  const assets = [...unreadable, ...named];
  return { count: current.reduce((sum, { more = 0 }) => sum + more, hostsIn(assets)), assets };
}

/** How many hosts and rows these entries stand for. */
export function hostsIn(assets: readonly NotJoined[]): number {
  return assets.reduce((sum, { rows = 1 }) => sum + rows, 0);
}

const BECAUSE: Readonly<Record<NotJoined['why'], string>> = {
  unknown: 'unknown to CAR',
  'no-agent': 'has no agent, and CAR knows neither its id nor its name',
  ambiguous: 'matches several CAR assets',
  unreadable: 'unreadable',
  contradictory: 'its keys match different assets',
};

/** `web-1 (gav 28975144): unknown to CAR`. */
export function notJoinedText({ source, id, name, why, candidates, rows = 1 }: NotJoined): string {
  if (why === 'unreadable') {
    const [which, they] = rows === 1 ? ['1 row', 'it'] : [`${rows} rows`, 'they'];
    return `${which} of ${source}: ${BECAUSE[why]}, so ${they} may be what was meant`;
  }
  const which = candidates ? `: ${candidates.join(', ')}` : '';
  return `${name ? `${name} (${source} ${id})` : `${source} ${id}`}: ${BECAUSE[why]}${which}`;
}
