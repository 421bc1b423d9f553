// Filter text for Qualys' query language. Values come from tickets and host names, so nothing is ever concatenated unquoted.
// Source: docs.qualys.com "QQL best practices". It documents three delimiters and no way to escape one inside a value.

declare const checked: unique symbol;
/** Filter text built here, fit to be sent as it is. */
export type Qql = string & { readonly [checked]: true };

/** A value that no quoting can carry safely. Name the thing by its numeric id instead. */
export class QqlUnsafe extends Error {
  override readonly name = 'QqlUnsafe';
}

const DELIMITERS = ['"', '`', "'"] as const;
const SINGLE = /^[\w.]+:(\d+|"[^"]*"|`[^`]*`|'[^']*')$/;
const TOKEN = /^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)*$/;

/** `token:"value"`. A name filter is a match, not an equality: compare the rows again locally. */
export function term(token: string, value: string): Qql {
  return `${checkedToken(token)}:${quoted(value)}` as Qql;
}

/** `token:80507`; ids are digits and need no quotes. */
export function idTerm(token: string, id: string): Qql {
  if (!/^\d{1,19}$/.test(id)) throw new QqlUnsafe(`${JSON.stringify(id.slice(0, 60))} is not an id for ${token}: use digits only`);
  return `${checkedToken(token)}:${id}` as Qql;
}

export function anyOf(terms: readonly Qql[]): Qql {
  return joined(terms, 'or');
}

export function allOf(terms: readonly Qql[]): Qql {
  return joined(terms, 'and');
}

export function not(inner: Qql): Qql {
  return `not (${inner})` as Qql;
}

/** The value between the first delimiter that does not occur in it: double quote (contains), backtick (exact), single quote. */
export function quoted(value: string): string {
  const shown = JSON.stringify(value.slice(0, 60));
  if (value.trim() === '') throw new QqlUnsafe('Cannot search for an empty value');
  // Invisible characters (\p{Cf}: zero width, direction) may be dropped on the way and leave a shorter value that matches more; half a
  // surrogate pair (\p{Cs}) has no UTF-8 and arrives as something else.
  if (/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u.test(value))
    throw new QqlUnsafe(`${shown} contains a control character, line break or invisible character: filter by numeric id instead`);
  // A backslash before the closing delimiter would swallow it in parsers of the Lucene family.
  if (value.includes('\\'))
    throw new QqlUnsafe(`${shown} contains a backslash, for which Qualys documents no escape: filter by numeric id instead`);
  const delimiter = DELIMITERS.find((candidate) => !value.includes(candidate));
  if (!delimiter) throw new QqlUnsafe(`${shown} contains all three kinds of quote and cannot be quoted: filter by numeric id instead`);
  return `${delimiter}${value}${delimiter}`;
}

function joined(terms: readonly Qql[], word: 'and' | 'or'): Qql {
  const [first, ...rest] = terms;
  if (first === undefined) throw new QqlUnsafe(`A filter joined by "${word}" needs at least one term`);
  return rest.length === 0 ? first : (terms.map(grouped).join(` ${word} `) as Qql);
}

/** Only inside another filter: which parsers of the platform take parentheses around the whole is in no document. */
function grouped(filter: Qql): string {
  return SINGLE.test(filter) ? filter : `(${filter})`;
}

function checkedToken(token: string): string {
  if (!TOKEN.test(token)) throw new QqlUnsafe(`${JSON.stringify(token.slice(0, 60))} is not a token of the query language`);
  return token;
}
