/** A pattern of LIKE, with `\` as its escape, for whatever contains the text. */
export function likePattern(text: string): string {
  return `%${text.replace(/[\\%_]/g, '\\$&')}%`;
}
