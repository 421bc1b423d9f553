// A verdict that stands in a file of its own, as YAML or JSON.
import { parseYaml, type YamlDocument } from '../../contracts/config/yaml-document.js';
import type { Problem } from '../../contracts/request.js';
import { whyNotRead } from '../../domain/basics/file-failure.js';

export interface VerdictFile {
  /** Still to be parsed by its schema. */
  content: unknown;
  /** What is wrong with the file itself. */
  problems: Problem[];
  /** What its schema says of the content, with the lines that it is about. */
  located: YamlDocument['located'];
}

/** `readText` throws when the file cannot be read. */
export function verdictFile(path: string, readText: (path: string) => string): VerdictFile {
  try {
    const document = parseYaml(readText(path), path);
    if (!document.ok) return unreadable(document.problems.map(({ problem }) => problem));
    const { content = null, located } = document.value;
    return { content, problems: [], located };
  } catch (error) {
    return unreadable([`cannot read file ${path}: ${whyNotRead(error)}`]);
  }
}

function unreadable(problems: readonly string[]): VerdictFile {
  return {
    content: undefined,
    problems: problems.map((problem) => ({ path: '--verdict', problem })),
    located: (found) => [...found],
  };
}
