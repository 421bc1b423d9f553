// `scripts.yaml`: which files of a folder are which scripts at Qualys, with the fields that an import takes
// (docs/qualys-api.md#import-and-clone).
import { z } from 'zod';
import { type Parsed, type Problem, pathText, problemsOf } from '../request.js';
import { LIMITS, looseText, text } from '../text.js';
import { parseYaml } from './yaml-document.js';

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

const ScriptLibrarySchema = z.strictObject({
  /** For every script that does not say otherwise. */
  defaults: z.strictObject(fields).default({}),
  scripts: z
    .array(z.strictObject({ file: text(1_000), title: text(LIMITS.title).optional(), ...fields }), 'must be a list of scripts')
    .min(1, 'must name at least one script')
    .max(5_000, 'must have at most 5,000 scripts, which is what a subscription holds'),
});

export type LibraryEntry = z.output<typeof ScriptLibrarySchema>['scripts'][number] & { title: string };
export type LibraryField = Exclude<keyof LibraryEntry, 'file' | 'title'>;

/** Each entry with the defaults filled in, and the title of its file's name where it has none; problems with their line. */
export function parseScriptLibrary(content: string, file: string): Parsed<LibraryEntry[]> {
  const yaml = parseYaml(content, file);
  if (!yaml.ok) return yaml;
  const at = (path: readonly PropertyKey[]): string => {
    const line = yaml.value.lineOf(path);
    return `${file}${line === undefined ? '' : `:${line}`} ${pathText(path)}`.trim();
  };
  const parsed = ScriptLibrarySchema.safeParse(yaml.value.content ?? {});
  if (!parsed.success) {
    const lines = parsed.error.issues.map(({ path }) => at(path).split(' ')[0]);
    return {
      ok: false,
      problems: problemsOf(parsed.error).map(({ path, problem }, index) => ({ path: `${lines[index] ?? file} ${path}`.trim(), problem })),
    };
  }
  const { defaults, scripts } = parsed.data;
  const entries = scripts.map((script): LibraryEntry => ({ ...defaults, ...script, title: script.title ?? titleOf(script.file) }));
  const problems: Problem[] = [];
  const first = new Map<string, number>();
  for (const [index, { file: path, title }] of entries.entries()) {
    const where = ['scripts', index];
    if (isOutside(path)) problems.push({ path: at([...where, 'file']), problem: `${JSON.stringify(path)} is not in the folder` });
    const other = first.get(title);
    if (other !== undefined) problems.push({ path: at(where), problem: `has the title of scripts[${other}]: ${JSON.stringify(title)}` });
    first.set(title, other ?? index);
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, value: entries };
}

function titleOf(file: string): string {
  return (file.split('/').at(-1) ?? file).replace(/\.[A-Za-z0-9]+$/, '').trim();
}

/** What a folder says must not make another file of this machine a script. */
function isOutside(file: string): boolean {
  return file.startsWith('/') || /^[A-Za-z]:|\\|\0/.test(file) || file.split('/').includes('..');
}
