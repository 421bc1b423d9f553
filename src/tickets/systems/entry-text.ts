// An entry in the markup of each kind of system. Its text is somebody else's: what a system would act on is taken apart here.
import type { TicketEntry } from '../../domain/tickets/entry.js';

/** Lines alone, for systems that show text as it is. `tamed` takes apart what this system would act on all the same. */
export function plainText({ title, lines, quotes, links, marker }: TicketEntry, tamed: (text: string) => string): string {
  const quoted = quotes.flatMap(({ label, text }) => [
    '',
    tamed(label),
    ...tamed(text)
      .split('\n')
      .map((line) => `    ${line}`),
  ]);
  return [title, ...lines.map(tamed), ...quoted, ...links.map(({ label, url }) => `${label}: ${url}`), marker].join('\n');
}

export function html({ title, lines, quotes, links, marker }: TicketEntry, tamed: (text: string) => string = (text) => text): string {
  const text = (of: string): string => escapedHtml(tamed(of));
  return [
    `<p><b>${escapedHtml(title)}</b></p>`,
    `<ul>${lines.map((line) => `<li>${text(line)}</li>`).join('')}</ul>`,
    ...quotes.map(({ label, text: quote }) => `<p>${text(label)}</p><pre>${text(quote)}</pre>`),
    ...links.map(({ label, url }) => `<p><a href="${escapedHtml(url).replaceAll('"', '&quot;')}">${escapedHtml(label)}</a></p>`),
    `<p>${escapedHtml(marker)}</p>`,
  ].join('');
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** Between tags. Quotes stay as they are, so that a marker is found again. */
function escapedHtml(text: string): string {
  return text.replace(/[&<>]/g, (character) => ENTITIES[character] ?? character);
}

/**
 * GitHub acts on `@names`, `#numbers` and links to other issues wherever Markdown has text, escaped or not, and nowhere in code. So all that
 * is not ours is code, behind a fence longer than any within.
 */
export function markdown({ title, lines, quotes, links, marker }: TicketEntry): string {
  return [
    `**${title}**`,
    ...(lines.length > 0 ? [fenced(lines.join('\n'))] : []),
    ...quotes.map(({ label, text }) => fenced(`${label}\n\n${text}`)),
    ...(links.length > 0 ? [links.map(({ label, url }) => `[${label}](<${url}>)`).join(' · ')] : []),
    `\`${marker}\``,
  ].join('\n\n');
}

function fenced(text: string): string {
  const longest = Math.max(0, ...Array.from(text.matchAll(/`+/g), ([run]) => run.length));
  const fence = '`'.repeat(Math.max(3, longest + 1));
  return `${fence}text\n${text}\n${fence}`;
}

/** Jira's cloud has documents as trees: what is a text node there is never read as markup. */
export function adf({ title, lines, quotes, links, marker }: TicketEntry): unknown {
  const text = (of: string, marks?: unknown[]) => ({ type: 'text', text: of, ...(marks ? { marks } : {}) });
  const paragraph = (...content: unknown[]) => ({ type: 'paragraph', content });
  const items = lines.filter((line) => line !== '').map((line) => ({ type: 'listItem', content: [paragraph(text(line))] }));
  const linked = links.flatMap(({ label, url }, index) => [
    ...(index > 0 ? [text(' · ')] : []),
    text(label, [{ type: 'link', attrs: { href: url } }]),
  ]);
  return {
    type: 'doc',
    version: 1,
    content: [
      paragraph(text(title, [{ type: 'strong' }])),
      ...(items.length > 0 ? [{ type: 'bulletList', content: items }] : []),
      ...quotes.flatMap(({ label, text: quote }) => [
        ...(label === '' ? [] : [paragraph(text(label))]),
        // A text node is never empty.
        ...(quote === '' ? [] : [{ type: 'codeBlock', attrs: {}, content: [text(quote)] }]),
      ]),
      ...(linked.length > 0 ? [paragraph(...linked)] : []),
      paragraph(text(marker, [{ type: 'code' }])),
    ],
  };
}

/**
 * The markup of Jira Data Center. Nothing of it is read within `noformat`, but mentions are found there, too, and the text could end it:
 * both are taken apart.
 */
export function wikiMarkup({ title, lines, quotes, links, marker }: TicketEntry): string {
  return [
    `*${title}*`,
    ...(lines.length > 0 ? [verbatim(lines.join('\n'))] : []),
    ...quotes.map(({ label, text }) => verbatim(`${label}\n\n${text}`)),
    ...links.map(({ label, url }) => `[${label}|${url}]`),
    verbatim(marker),
  ].join('\n');
}

function verbatim(text: string): string {
  return `{noformat}\n${text.replace(/\{(?=\/?noformat)/gi, '{ ').replace(/\[(?=~)/g, '[ ')}\n{noformat}`;
}
