// A verdict that stands in a file of its own, as YAML or JSON.
import { parseYaml } from '../../contracts/config/yaml-document.js';
import type { Problem } from '../../contracts/request.js';

/** Still to be parsed by its schema; what is wrong with the file itself is told. `readText` throws when it cannot be read. */
export function verdictFile(path: string, readText: (path: string) => string): { content: unknown; problems: Problem[] } {
  try {
    const document = parseYaml(readText(path), path);
    if (!document.ok) return { content: undefined, problems: document.problems.map(({ problem }) => ({ path: '--verdict', problem })) };
    return { content: document.value.content ?? null, problems: [] };
  } catch (error) {
    const problem = `cannot read file ${path}: ${error instanceof Error ? error.message : String(error)}`;
    return { content: undefined, problems: [{ path: '--verdict', problem }] };
  }
}
