// The house, folder by folder: what docs/folders.md shows, and what the test of its layout counts. Sources only; tests stand beside them.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
/** Tests as functions: no sources either. */
const SUITES = 'src/ledger/conformance/';

export interface Folder {
  path: string;
  /** Lines of each of its own files, ascending. */
  lines: number[];
  /** Files of other folders that it imports, types included. */
  imports: Set<string>;
  /** Files of other folders that import it. */
  importers: Set<string>;
}

export function folders(): Folder[] {
  const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .map((file) => `src/${file}`)
    .filter((file) => /\.tsx?$/.test(file) && !file.endsWith('.test.ts') && !file.startsWith(SUITES))
    .sort();
  const byPath = new Map<string, Folder>();
  const at = (path: string): Folder => {
    const folder = byPath.get(path) ?? { path, lines: [], imports: new Set(), importers: new Set() };
    byPath.set(path, folder);
    return folder;
  };
  for (const file of files) {
    const text = readFileSync(join(ROOT, file), 'utf8');
    const folder = at(dirname(file));
    folder.lines.push(text.split('\n').length - 1);
    for (const target of importsOf(file, text)) {
      if (dirname(target) === folder.path) continue;
      folder.imports.add(target);
      at(dirname(target)).importers.add(file);
    }
  }
  for (const { lines } of byPath.values()) lines.sort((a, b) => a - b);
  return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function importsOf(file: string, text: string): string[] {
  return ts
    .preProcessFile(text, true, true)
    .importedFiles.filter(({ fileName }) => fileName.startsWith('.'))
    .map(({ fileName }) => normalize(join(dirname(file), fileName)).replace(/\.js$/, '.ts'));
}

/** Folders that need each other, by whatever way; a folder and those inside it count as one house. */
export function circles(all: readonly Folder[]): string[][] {
  const reached = new Map(all.map(({ path }) => [path, reachedFrom(path, all)]));
  const inCircle = all.map(({ path }) => path).filter((path) => reached.get(path)?.has(path));
  const seen = new Set<string>();
  return inCircle.flatMap((path) => {
    if (seen.has(path)) return [];
    const circle = inCircle.filter((other) => reached.get(path)?.has(other) && reached.get(other)?.has(path));
    for (const other of circle) seen.add(other);
    return [circle];
  });
}

function reachedFrom(start: string, all: readonly Folder[]): Set<string> {
  const reached = new Set<string>();
  const open = [start];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    for (const next of outside(path, all)) {
      if (reached.has(next)) continue;
      reached.add(next);
      open.push(next);
    }
  }
  return reached;
}

/** What a folder and those inside it need of others. */
function outside(path: string, all: readonly Folder[]): Set<string> {
  const inside = (other: string): boolean => other === path || other.startsWith(`${path}/`);
  const targets = all.filter((folder) => inside(folder.path)).flatMap(({ imports }) => [...imports].map((file) => dirname(file)));
  return new Set(targets.filter((target) => !inside(target)));
}

/** The text of docs/folders.md. */
export function foldersMarkdown(): string {
  const all = folders();
  return `${[
    '# Folders',
    '',
    '<!-- Written by `npm run docs` from the tree, by scripts/folders.ts. -->',
    '',
    'Sources without their tests, which stand beside them. Imports count files of other folders, types included: `out` are those that the folder needs, `in` those that need it.',
    '',
    '| folder | files | median lines | largest | imports out | imports in |',
    '| --- | ---: | ---: | ---: | ---: | ---: |',
    ...all.map(
      ({ path, lines, imports, importers }) =>
        `| \`${path}/\` | ${lines.length} | ${lines[Math.floor(lines.length / 2)] ?? 0} | ${lines.at(-1) ?? 0} | ${imports.size} | ${importers.size} |`,
    ),
  ].join('\n')}\n`;
}
