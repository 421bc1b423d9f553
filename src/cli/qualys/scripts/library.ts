// A folder of script files as scripts: what `scripts.yaml` says of each, its bytes and their hash.
import { createHash } from 'node:crypto';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { type LibraryEntry, readScriptLibrary } from '../../../contracts/config/script-library.js';
import { type Problem, problemLines } from '../../../contracts/problems.js';
import { whyNotRead } from '../../../domain/basics/file-failure.js';
import { CommandFailed, EXIT } from '../../invocation/context.js';
import { counted } from '../../terminal/count-text.js';

export const LIBRARY_FILE = 'scripts.yaml';
/** CAR's own limit for a script (docs/qualys-api.md#scripts). */
const MAX_SCRIPT_BYTES = 500 * 1_024;

export interface LocalScript {
  /** As `scripts.yaml` has it; what it does not say is undefined. */
  entry: LibraryEntry;
  /** base64 */
  content: string;
  sha256: string;
}

export interface Library {
  scripts: LocalScript[];
  /** Files that look like scripts and are named nowhere. */
  unnamed: string[];
}

const LANGUAGES: Readonly<Record<string, { platform?: string; type: string }>> = {
  '.ps1': { platform: 'WINDOWS', type: 'PowerShell' },
  '.vbs': { platform: 'WINDOWS', type: 'VBScript' },
  '.sh': { platform: 'LINUX', type: 'Shell' },
  '.py': { type: 'Python' },
  '.pl': { type: 'Perl' },
  '.lua': { type: 'Lua' },
};

/** Throws `CommandFailed` with every problem. */
export async function readLibrary(folder: string): Promise<Library> {
  const file = join(folder, LIBRARY_FILE);
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const hint =
      error.code === 'ENOENT'
        ? `it needs a ${LIBRARY_FILE} such as: scripts: [{ file: check.sh, title: Check, platform: LINUX }]`
        : error.message;
    throw new CommandFailed(EXIT.usage, `${folder} cannot be read as a library: ${hint}`);
  });
  const { entries, problems, located } = readScriptLibrary(text, LIBRARY_FILE);
  const ofFiles: Problem[] = [];
  const scripts: LocalScript[] = [];
  for (const { entry, path } of entries) {
    const read = await readScript(folder, entry);
    if (typeof read === 'string') ofFiles.push({ path: `${path}.file`, problem: `${entry.file} ${read}` });
    else scripts.push(read);
  }
  const all = [...problems, ...located(ofFiles)];
  if (all.length > 0) throw failed(folder, all);
  const named = new Set(entries.map(({ entry }) => join(entry.file)));
  const files = await readdir(folder, { recursive: true });
  const unnamed = files.filter((path) => extname(path).toLowerCase() in LANGUAGES && !named.has(join(path))).sort();
  return { scripts, unnamed };
}

function failed(folder: string, problems: readonly Problem[]): CommandFailed {
  return new CommandFailed(
    EXIT.usage,
    [`${join(folder, LIBRARY_FILE)} has ${counted(problems.length, 'problem')}. Nothing was sent.`, ...problemLines(problems)].join('\n'),
  );
}

async function readScript(folder: string, entry: LibraryEntry): Promise<LocalScript | string> {
  try {
    // A link may lead out of the folder, where the name does not.
    const path = await realpath(join(folder, entry.file));
    if (relative(await realpath(folder), path).split(sep)[0] === '..') return 'leads out of the folder';
    const { size } = await stat(path);
    if (size > MAX_SCRIPT_BYTES) return 'is larger than 500 KB, which is all that Qualys takes';
    if (size === 0) return 'is empty';
    const bytes = await readFile(path);
    if (platformOf(entry) === undefined) return 'has no platform: its extension does not tell, so say platform: LINUX or WINDOWS';
    return { entry, content: bytes.toString('base64'), sha256: createHash('sha256').update(bytes).digest('hex') };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? 'is not there: check its name' : `cannot be read: ${whyNotRead(error)}`;
  }
}

function platformOf({ platform, file }: LibraryEntry): string | undefined {
  return platform ?? LANGUAGES[extname(file).toLowerCase()]?.platform;
}

/** As an import takes it. What nobody said is left to Qualys, but platform and language, which the extension tells. */
export function importEntry({ entry, content }: LocalScript): Record<string, unknown> {
  const { title, type, category, severity, timeout, description } = entry;
  const language = LANGUAGES[extname(entry.file).toLowerCase()]?.type;
  return {
    title,
    description: description ?? '',
    platform: platformOf(entry),
    ...(type ? { type } : language === undefined ? {} : { type: { name: language } }),
    ...(category ? { category } : {}),
    ...(severity === undefined ? {} : { severity }),
    ...(timeout === undefined ? {} : { threshold: timeout }),
    content,
  };
}
