import { LineCounter, parseDocument } from 'yaml';
import type { Parsed, Problem } from '../request.js';

export interface YamlDocument {
  /** Undefined for an empty file. */
  content: unknown;
  /** The line, from 1, of what stands at `path`, or of the nearest thing around it. */
  lineOf(path: readonly PropertyKey[]): number | undefined;
}

/** A YAML text; its syntax errors come as problems that quote nothing of the file, because the file may hold a secret by mistake. */
export function parseYaml(text: string, file: string): Parsed<YamlDocument> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const problems: Problem[] = document.errors.map((error) => ({
    path: '',
    problem: `${file}:${lines.linePos(error.pos[0]).line} is not valid YAML: ${error.message.split(':')[0]}`,
  }));
  if (problems.length > 0) return { ok: false, problems };
  try {
    return { ok: true, value: { content: document.toJS({ maxAliasCount: 100 }) ?? undefined, lineOf: (path) => lineOf(path) } };
  } catch {
    return { ok: false, problems: [{ path: '', problem: `${file} has too many aliases: write out the values` }] };
  }

  function lineOf(path: readonly PropertyKey[]): number | undefined {
    for (let length = path.length; length > 0; length -= 1) {
      const node = document.getIn(path.slice(0, length), true);
      if (isRanged(node)) return lines.linePos(node.range[0]).line;
    }
    return undefined;
  }
}

function isRanged(node: unknown): node is { range: [number, number, number] } {
  return typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range);
}
