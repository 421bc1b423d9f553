import { isMap, isNode, LineCounter, type Node, parseDocument } from 'yaml';
import type { Parsed, Problem } from '../request.js';

export interface YamlDocument {
  /** Undefined for an empty file. */
  content: unknown;
  /** The line, from 1, of what stands at `path`, or of the nearest thing around it. */
  lineOf(path: readonly PropertyKey[]): number | undefined;
  /** The problems, each with the file and line that it is in. */
  located(problems: readonly Problem[]): Problem[];
}

/** A YAML text; its syntax errors come as problems that quote nothing of the file, because the file may hold a secret by mistake. */
export function parseYaml(text: string, file: string): Parsed<YamlDocument> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  // A tab makes other lines wrong, too: they are right once it is gone.
  const tabs = document.errors.filter(({ code }) => code === 'TAB_AS_INDENT');
  const problems: Problem[] = (tabs.length > 0 ? tabs : document.errors).map((error) => ({
    path: '',
    problem: `${file}:${lines.linePos(error.pos[0]).line} is not valid YAML: ${error.message.split(':')[0]}`,
  }));
  if (problems.length > 0) return { ok: false, problems };
  try {
    const content: unknown = document.toJS({ maxAliasCount: 100 }) ?? undefined;
    return { ok: true, value: { content, lineOf, located: (found) => found.map((problem) => located(problem, content)) } };
  } catch {
    return { ok: false, problems: [{ path: '', problem: `${file} has too many aliases: write out the values` }] };
  }

  function lineOf(path: readonly PropertyKey[]): number | undefined {
    for (let length = path.length; length > 0; length -= 1) {
      const node =
        namedNode(document.getIn(path.slice(0, length - 1), true), path[length - 1]) ?? document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
    }
    return undefined;
  }

  function located({ path, problem }: Problem, content: unknown): Problem {
    const line = lineOf(partsOf(path, content));
    return { path, problem: line === undefined ? problem : `${problem} (${file}:${line})` };
  }
}

/** A path such as `waves[1].size` as its parts; names with dots are told from the content that they are in. */
function partsOf(path: string, content: unknown): PropertyKey[] {
  const rest = path.replace(/^\./, '');
  if (rest === '') return [];
  if (Array.isArray(content)) {
    const [whole, index] = /^\[(\d+)\]/.exec(rest) ?? [];
    return whole === undefined ? [] : [Number(index), ...partsOf(rest.slice(whole.length), content[Number(index)])];
  }
  if (typeof content !== 'object' || content === null) return [];
  const names = Object.keys(content).filter((name) => rest.startsWith(name) && /^($|[.[])/.test(rest.slice(name.length)));
  const name = names.sort((a, b) => b.length - a.length)[0];
  return name === undefined ? [] : [name, ...partsOf(rest.slice(name.length), Reflect.get(content, name))];
}

/** The key itself: what it holds may begin lines below. */
function namedNode(parent: unknown, name: PropertyKey | undefined): Node | undefined {
  if (!isMap(parent)) return undefined;
  return parent.items.map(({ key }) => key).find((key): key is Node => isNode(key) && String(key) === String(name));
}
