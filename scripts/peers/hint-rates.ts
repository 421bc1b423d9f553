// How often the hints of `overhaul plan` are right, over a library of scripts that somebody has read: each script is taken as an
// assessment, where most hints apply.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { hintsOf } from '../../src/cli/dry-run/hints.js';
import type { HintKind } from '../../src/domain/scripts/hints.js';
import type { ScriptFolder } from './library.js';
import type { PeerResult } from './peers.js';

const KINDS_FILE = join(import.meta.dirname, 'library-kinds.yaml');
type Kinds = Readonly<Record<string, readonly string[]>>;

/** What a kind is by those who read it. A tag is set at Qualys, so the host is as it was. */
const CHANGES_HOST = ['check', 'remedy', 'remedy-by-code', 'generator', 'wrapper'];
const TELLS_BY_CODE = ['remedy-by-code', 'finding-by-code'];
/** The last command is a scanner, whose status no pattern knows. */
// cspell:ignore yara
const ENDS_WITH_A_TOOL = ['yara_via_shell'];

interface Read {
  title: string;
  kind: string;
  hints: readonly HintKind[];
}

/** None of made-up scripts, which nobody has read. */
export async function hintRates({ folder, scripts, source }: ScriptFolder): Promise<PeerResult[]> {
  const kinds = parse(await readFile(KINDS_FILE, 'utf8')) as Kinds;
  const kindOf = new Map(Object.entries(kinds).flatMap(([kind, titles]) => titles.map((title) => [title, kind] as const)));
  const read: Read[] = [];
  for (const { file, title, platform } of scripts) {
    const kind = kindOf.get(title);
    if (kind === undefined) continue;
    const content = (await readFile(join(folder, file))).toString('base64');
    read.push({ title, kind, hints: hintsOf({ platform, content }, { step: 'assess' }).map((hint) => hint.kind) });
  }
  if (read.length === 0) return [];
  const of = (...some: string[]) => read.filter(({ kind }) => some.includes(kind));
  const not = (...some: string[]) => read.filter(({ kind }) => !some.includes(kind));
  const row = (operation: string, isRight: boolean, detail: string): PeerResult => ({
    ...{ peer: source, operation: `hints: ${operation}`, result: isRight ? 'ok' : 'FAILED', detail },
  });
  const noticed = (operation: string, among: Read[], hint: HintKind, known: readonly string[] = []): PeerResult => {
    const missed = without(among, hint);
    const isKnown = missed.every(({ title }) => known.includes(title));
    return row(operation, isKnown, `${among.length - missed.length} of ${among.length} noticed${named(missed)}`);
  };
  const wolf = (operation: string, among: Read[], hint: HintKind, harmless: readonly string[]): PeerResult => {
    const cries = among.filter(({ hints }) => hints.includes(hint));
    const unexpected = cries.filter(({ kind }) => !harmless.includes(kind));
    return row(operation, unexpected.length === 0, `${cries.length} of ${among.length}: ${countsByKind(cries)}${named(unexpected)}`);
  };
  const unread = scripts.length - read.length;
  return [
    noticed('«Check …» that changes the host', of('check'), 'changes-host'),
    noticed('remedy that never fails', of('remedy'), 'never-fails'),
    noticed('finding that is only printed never fails', of('finding-printed'), 'never-fails', ENDS_WITH_A_TOOL),
    noticed('whatever else changes the host', of('remedy', 'remedy-by-code', 'generator', 'wrapper'), 'changes-host'),
    wolf('changes the host, and does not', not(...CHANGES_HOST), 'changes-host', ['tag', 'finding-by-code']),
    wolf('never fails, and the exit code tells', of(...TELLS_BY_CODE), 'never-fails', []),
    wolf('never fails, and the output is the result', of('inventory'), 'never-fails', ['inventory']),
    ...(unread === 0 ? [] : [row('scripts that nobody has read', true, `${unread} left out`)]),
  ];
}

function without(among: readonly Read[], hint: HintKind): Read[] {
  return among.filter(({ hints }) => !hints.includes(hint));
}

function countsByKind(read: readonly Read[]): string {
  const counts = new Map<string, number>();
  for (const { kind } of read) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts].map(([kind, count]) => `${count} ${kind}`).join(', ') || 'none';
}

function named(read: readonly Read[]): string {
  return read.length === 0 ? '' : ` (${read.map(({ title }) => title).join('; ')})`;
}
