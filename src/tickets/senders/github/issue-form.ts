/** Of an issue's text; longer ones are cut by GitHub at 65,536 characters. */
const MAX_LENGTH = 70_000;
const MAX_ENTRIES = 10_000;

/**
 * The answers of an issue form, which GitHub writes into the issue as a heading of third rank for each question. Each answer as a list: one
 * entry a line, or between commas. Only headings and lines count: no YAML, no template, no expression.
 */
export function formOf(text: string): Record<string, string[]> {
  const form = new Map<string, string[]>();
  let entries: string[] | undefined;
  for (const line of text.slice(0, MAX_LENGTH).split('\n')) {
    const trimmed = line.trim();
    if (trimmed.startsWith('#')) {
      entries = trimmed.startsWith('### ') ? [] : undefined;
      if (entries) form.set(trimmed.slice(4).trim().toLowerCase(), entries);
    } else if (entries && trimmed !== '_No response_' && !trimmed.startsWith('```')) {
      for (const entry of trimmed.split(',')) if (entry.trim() !== '' && entries.length < MAX_ENTRIES) entries.push(entry.trim());
    }
  }
  return Object.fromEntries([...form].filter(([, answer]) => answer.length > 0));
}
