// Why assets failed, or are unverified: those with the same reason, exit code, rule and output are one group, the biggest first. At any number of assets only the
// groups are kept, and outputs of those that are shown.
import { createHash } from 'node:crypto';
import { stripVTControlCharacters } from 'node:util';
import type { AssetRow } from '../domain/run/outcome.js';
import { inBatches } from './batches.js';
import { trimmedOutput, type Writer, withoutItsOwn } from './same-output.js';

export interface FailureGroup {
  count: number;
  reason?: string | undefined;
  exitCode?: number | undefined;
  /** Qualys' own word. */
  status?: string | undefined;
  /** What decided. */
  rule?: string | undefined;
  /** Of its first asset; undefined where none is stored. */
  sample?: Excerpt | undefined;
  /** True when the outputs differ in what `withoutItsOwn` leaves out. */
  varies: boolean;
  /** The first of them, in the order of the cohort. */
  assets: readonly Writer[];
}

/** The first and the last lines of an output. */
export interface Excerpt {
  first: readonly string[];
  /** Lines between both that are not shown. */
  leftOut: number;
  last: readonly string[];
}

export interface Failures {
  groups: readonly FailureGroup[];
  /** Those that are not shown. `isMore`: there are more groups than were counted. */
  rest: { groups: number; assets: number; isMore: boolean };
}

const GROUPS_SHOWN = 20;
/** More different outputs than anybody reads; those that come after them are counted together. */
const GROUPS_COUNTED = 5_000;
const ASSETS_NAMED = 10;
/** Outputs that are unpacked at the same time: of a megabyte at most. */
const READ_AT_ONCE = 16;
const LINES_SHOWN = 6;
const LONGEST_LINE = 240;

/** Reads the decoded output of a row again for each group that is shown: `undefined` where none is stored. */
export type OutputOf = (row: AssetRow) => Promise<string | undefined>;

interface Counted extends Omit<FailureGroup, 'sample' | 'assets'> {
  row: AssetRow;
  text: string | undefined;
  assets: Writer[];
}

export async function failuresIn(failed: AsyncIterable<AssetRow>, outputOf: OutputOf): Promise<Failures> {
  const groups = new Map<string, Counted>();
  let uncounted = 0;
  const count = (row: AssetRow, output: string | undefined): void => {
    const text = output === undefined ? undefined : trimmedOutput(output);
    const key = digestOf(row, text === undefined ? undefined : withoutItsOwn(text, row));
    const group = groups.get(key);
    if (group) join(group, row, digestOf(row, text));
    else if (groups.size < GROUPS_COUNTED) groups.set(key, begun(row, digestOf(row, text)));
    else uncounted += 1;
  };
  for await (const rows of inBatches(failed, READ_AT_ONCE)) {
    const outputs = await Promise.all(rows.map(outputOf));
    for (const [index, row] of rows.entries()) count(row, outputs[index]);
  }
  const ordered = [...groups.values()].sort((one, other) => other.count - one.count);
  const rest = ordered.slice(GROUPS_SHOWN);
  return {
    groups: await Promise.all(ordered.slice(0, GROUPS_SHOWN).map((group) => shown(group, outputOf))),
    rest: { groups: rest.length, assets: rest.reduce((sum, { count }) => sum + count, uncounted), isMore: uncounted > 0 },
  };
}

function begun(row: AssetRow, text: string): Counted {
  const { reason, exitCode, status, rule } = row;
  return { count: 1, reason, exitCode, status, rule, row, text, varies: false, assets: [writerOf(row)] };
}

function join(group: Counted, row: AssetRow, text: string): void {
  group.count += 1;
  group.varies ||= group.text !== text;
  if (group.assets.length < ASSETS_NAMED) group.assets.push(writerOf(row));
}

async function shown({ row, text: _digest, ...group }: Counted, outputOf: OutputOf): Promise<FailureGroup> {
  const output = await outputOf(row);
  return { ...group, sample: output === undefined ? undefined : excerptOf(output) };
}

function writerOf({ assetId, name }: AssetRow): Writer {
  return { assetId, name };
}

/** Of a fixed size, whatever the output's. */
function digestOf({ reason, exitCode, status, rule }: AssetRow, text: string | undefined): string {
  return createHash('sha256')
    .update(JSON.stringify([reason, exitCode, status, rule, text]))
    .digest('base64');
}

export function excerptOf(output: string): Excerpt {
  const text = trimmedOutput(stripVTControlCharacters(output));
  const lines = text === '' ? [] : text.split('\n');
  const leftOut = lines.length - 2 * LINES_SHOWN;
  // A mark in place of a single line would save nothing.
  if (leftOut <= 1) return { first: lines.map(clipped), leftOut: 0, last: [] };
  return { first: lines.slice(0, LINES_SHOWN).map(clipped), leftOut, last: lines.slice(-LINES_SHOWN).map(clipped) };
}

function clipped(line: string): string {
  return line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE).replace(/[\ud800-\udbff]$/, '')}…` : line;
}

/** As text: what is left out is told in a line of its own. */
export function excerptText({ first, leftOut, last }: Excerpt): string {
  return [...first, ...(leftOut > 0 ? [leftOutText(leftOut)] : []), ...last].join('\n');
}

export function leftOutText(lines: number): string {
  return `… ${lines.toLocaleString('en-US')} lines left out …`;
}
