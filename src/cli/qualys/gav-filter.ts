// The `--filter` of the GAV commands: v1 takes QQL, v2 JSON or XML, and the first character tells which was meant.

import { gavFilterOf, gavFilterProblem } from '../../contracts/gav-filter.js';
import { gavXmlFilter } from '../../qualys/inventory/gav-xml.js';
import type { GavV2Filter } from '../../qualys/operations.js';
import { CommandFailed, EXIT } from '../invocation/context.js';

export interface GavFilterOptions {
  v1?: true | undefined;
  filter?: string | undefined;
  /** Send a JSON filter in its XML form. */
  xml?: true | undefined;
}

export function v2Filter({ filter, xml }: GavFilterOptions): GavV2Filter | undefined {
  if (filter === undefined) return undefined;
  const problem = gavFilterProblem(filter);
  const parsed = gavFilterOf(filter);
  if (parsed === undefined)
    throw new CommandFailed(EXIT.usage, `--filter ${problem ?? 'cannot be read'}${/^\s*[{<]/.test(filter) ? '' : '. QQL needs --v1'}`);
  return xml && !('xml' in parsed) ? { xml: gavXmlFilter(parsed) } : parsed;
}

export function v1Filter({ filter, xml }: GavFilterOptions): string | undefined {
  if (xml || (filter !== undefined && /^\s*[{<]/.test(filter))) {
    throw new CommandFailed(EXIT.usage, '--v1 takes QQL, such as "asset.name:\'web\'". For JSON or XML, leave out --v1');
  }
  return filter;
}
