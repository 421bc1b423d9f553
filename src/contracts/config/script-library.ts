// `scripts.yaml`: which files of a folder are which scripts at Qualys, with the fields that an import takes
// (docs/qualys-api.md#import-and-clone).
import { z } from 'zod';
import { type Problem, problemsOf } from '../problems.js';
import { LIMITS, looseText, text } from '../text.js';
import { parseYaml, type YamlDocument } from './yaml-document.js';

/** Qualys' own object where its id is needed, else the name. */
const NamedId = z.union(
  [text(LIMITS.name).transform((name) => ({ name })), z.strictObject({ id: z.number().int().positive(), name: text(LIMITS.name) })],
  {
    error: 'must be a name, or { id, name }',
  },
);

const fields = {
  platform: text(LIMITS.name)
    .transform((platform) => platform.toUpperCase())
    .optional(),
  /** The language. */
  type: NamedId.optional(),
  category: NamedId.optional(),
  severity: z.number().int().min(1).max(5).optional(),
  /** Seconds; exports call it `threshold`, and name no unit. */
  timeout: z.number().int().positive().optional(),
  description: looseText(LIMITS.reason).optional(),
};

const ScriptSchema = z.strictObject({ file: text(1_000), title: text(LIMITS.title).optional(), ...fields });
const Defaults = z.strictObject(fields);

const ScriptLibrarySchema = z.strictObject({
  /** For every script that does not say otherwise. */
  defaults: Defaults.default({}),
  scripts: z
    .array(ScriptSchema, 'must be a list of scripts, such as [{ file: check.sh, title: Check }]')
    .min(1, 'must name at least one script')
    .max(5_000, 'must have at most 5,000 scripts, which is what a subscription holds'),
});

export type LibraryEntry = z.output<typeof ScriptSchema> & { title: string };
export type LibraryField = Exclude<keyof LibraryEntry, 'file' | 'title'>;

export interface ScriptLibrary {
  /** What could be read, each with its place in the list, the defaults, and the title of its file's name where it has none. */
  entries: { entry: LibraryEntry; path: string }[];
  problems: Problem[];
  located: YamlDocument['located'];
}

/** As far as it can be read, so that what is wrong with the files is told beside what is wrong with the list. */
export function readScriptLibrary(content: string, file: string): ScriptLibrary {
  const yaml = parseYaml(content, file);
  if (!yaml.ok) return { entries: [], problems: yaml.problems, located: (problems) => [...problems] };
  const { content: library = {}, located } = yaml.value;
  const parsed = ScriptLibrarySchema.safeParse(library);
  const entries = readable(library);
  const problems = [...(parsed.success ? [] : problemsOf(parsed.error, ScriptLibrarySchema)), ...namingProblems(entries)];
  return { entries: entries.filter(({ entry }) => !isOutside(entry.file)), problems: located(problems), located };
}

function readable(library: unknown): ScriptLibrary['entries'] {
  const { defaults, scripts } = ReadableLibrary.safeParse(library).data ?? { defaults: {}, scripts: [] };
  return scripts.flatMap((script, index) => {
    const { data } = ScriptSchema.safeParse(script);
    if (!data) return [];
    return { entry: { ...defaults, ...data, title: data.title ?? titleOf(data.file) }, path: `scripts[${index}]` };
  });
}

const ReadableLibrary = z.object({ defaults: Defaults.catch({}).default({}), scripts: z.array(z.unknown()).catch([]) });

function namingProblems(entries: ScriptLibrary['entries']): Problem[] {
  const problems: Problem[] = [];
  const first = new Map<string, string>();
  for (const { entry, path } of entries) {
    if (isOutside(entry.file))
      problems.push({
        path: `${path}.file`,
        problem: `${JSON.stringify(entry.file)} is not in the folder: write it relative to the folder, without ..`,
      });
    const other = first.get(entry.title);
    if (other !== undefined)
      problems.push({ path, problem: `has the title of ${other}, ${JSON.stringify(entry.title)}: give one of them another title` });
    first.set(entry.title, other ?? path);
  }
  return problems;
}

function titleOf(file: string): string {
  return (file.split('/').at(-1) ?? file).replace(/\.[A-Za-z0-9]+$/, '').trim();
}

/** What a folder says must not make another file of this machine a script. */
function isOutside(file: string): boolean {
  return file.startsWith('/') || /^[A-Za-z]:|\\|\0/.test(file) || file.split('/').includes('..');
}
