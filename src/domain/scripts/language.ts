// In which language a script is written, by its text: Qualys tells a platform only.

export const LANGUAGES = ['powershell', 'shell', 'python', 'vbscript', 'perl', 'lua'] as const;
export type ScriptLanguage = (typeof LANGUAGES)[number];

const SHEBANG: readonly [RegExp, ScriptLanguage][] = [
  [/^#!.*\bpython/, 'python'],
  [/^#!.*\bperl/, 'perl'],
  [/^#!.*\blua/, 'lua'],
  [/^#!.*\bpwsh/, 'powershell'],
  [/^#!.*sh\b/, 'shell'],
];
const PYTHON = /^(?:import [\w.]+|from [\w.]+ import )/m;

export function languageOf(text: string, platform: string): ScriptLanguage {
  const named = SHEBANG.find(([pattern]) => pattern.test(text.trimStart().split('\n', 1)[0] ?? ''))?.[1];
  if (named) return named;
  if (PYTHON.test(text)) return 'python';
  if (/windows/i.test(platform))
    return /^\s*(?:option explicit\b|dim \w|set \w+ *= *createobject\()/im.test(text) ? 'vbscript' : 'powershell';
  if (/^\s*(?:use (?:strict|warnings)|my [$@%])/m.test(text)) return 'perl';
  return /^\s*local \w+ *=|\bio\.popen\(/m.test(text) ? 'lua' : 'shell';
}

/** Comments, of which half a sentence may read like a command. */
const COMMENTS: Record<ScriptLanguage, RegExp> = {
  powershell: /<#[\s\S]*?#>|(?<=^|\s)#.*$/gm,
  shell: /(?<=^|\s)#.*$/gm,
  python: /(?<=^|\s)#.*$|^\s*(?:"""[\s\S]*?"""|'''[\s\S]*?''')/gm,
  vbscript: /(?<=^|\s)(?:'|rem\s).*$/gim,
  perl: /(?<=^|\s)#.*$|^=\w[\s\S]*?^=cut/gm,
  lua: /--\[\[[\s\S]*?\]\]|--.*$/gm,
};
/** Lines that only say something: what they say is no command, unless they write it to a file. */
const SAYS = /^\s*(?:write-(?:host|output|verbose|warning|error)|echo|printf|print|wscript\.echo|io\.write)\b(?!.*[>|;&]).*$/gim;

/** The text without what is never executed. Lines keep their numbers. */
export function executedText(text: string, language: ScriptLanguage): string {
  return blanked(uncommented(text, language), SAYS);
}

/** With what it only says. */
export function uncommented(text: string, language: ScriptLanguage): string {
  return blanked(text.replaceAll('\r', ''), COMMENTS[language]);
}

function blanked(text: string, pattern: RegExp): string {
  return text.replace(pattern, (found) => found.replace(/[^\n]/g, ' '));
}
