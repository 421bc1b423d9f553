// What all listing commands share: how many rows, in which form, and where to.
import { Command, InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { durationMs } from '../../../domain/clock/duration.js';
import { toldInstant } from '../../../domain/clock/instant.js';
import type { WalkOptions } from '../../../qualys/types.js';
import type { QualysLink } from './connection.js';

/** Rows of the first page, when neither --all nor --limit says how many. */
const FIRST_PAGE = 100;
/** The most that GAV and EDR give a page; beyond it each endpoint's own page size costs fewer calls. */
const SMALL_PAGE = 300;
const DEFAULT_WAIT_MS = 120_000;

export function walkCommand(name: string, description: string) {
  return oneCommand(name, description)
    .option('--all', 'all rows (default: the first page)')
    .addOption(new Option('--limit <n>', 'the first n rows').argParser(count).conflicts('all'))
    .option('--page-size <n>', 'rows per call', count)
    .option('--jsonl', 'one JSON document per line, in constant memory')
    .option('--raw', "Qualys' rows as sent (JSON)");
}

/** Commands that answer with one thing. */
export function oneCommand(name: string, description: string) {
  return new Command(name)
    .description(description)
    .option('--out <file>', 'write JSON to this file, atomically (JSON lines for .jsonl)')
    .addOption(
      new Option('--wait <duration>', 'how long a call may wait for rate limits, such as 10m or 2h')
        .argParser(waitMs)
        .default(DEFAULT_WAIT_MS, '2m'),
    );
}

export interface HowMany {
  all?: true | undefined;
  limit?: number | undefined;
  pageSize?: number | undefined;
}

interface SearchOptions extends HowMany {
  filter?: string | undefined;
  /** Epoch milliseconds. */
  start?: number | undefined;
  end?: number | undefined;
  raw?: true | undefined;
}

/** The options as the client's walks over CAR take them. */
export function searchOf(options: SearchOptions, link: QualysLink): WalkOptions {
  const { filter, start, end, raw, all } = options;
  return {
    ...(filter === undefined ? {} : { filter }),
    ...(start === undefined ? {} : { startAt: start }),
    ...(end === undefined ? {} : { endAt: end }),
    ...(raw === undefined ? {} : { raw }),
    ...(all === undefined ? {} : { readAhead: true }),
    ...pagingOf(options),
    signal: link.signal,
  };
}

/** Absent where the endpoint's own page size is best. */
export function pagingOf({ all, limit, pageSize }: HowMany): { pageSize?: number } {
  if (pageSize !== undefined) return { pageSize };
  if (all || (limit !== undefined && limit > SMALL_PAGE)) return {};
  return { pageSize: limit ?? FIRST_PAGE };
}

/** For `--start` and `--end`: ISO 8601; UTC without an offset, midnight without a time. Epoch milliseconds. */
export function instant(text: string): number {
  const at = /^\d{4}-\d{2}-\d{2}/.test(text) ? toldInstant(text) : undefined;
  if (at === undefined) throw new InvalidArgumentError('Use ISO 8601, such as 2026-05-01 or 2026-05-01T12:00:00Z.');
  return at;
}

/** For options that take a whole number from 1. */
export function count(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('Use a whole number of at least 1.');
  return Number(text);
}

function waitMs(text: string): number {
  const ms = durationMs(text);
  if (ms === undefined) throw new InvalidArgumentError('Use a duration such as 90s, 10m or 2h.');
  return ms;
}
