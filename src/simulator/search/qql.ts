// The subset of Qualys' query language that docs/qualys-api.md#filters knows: parsed here, matched in qql-match.ts.
import { GatewayError } from '../error.js';

export type QqlValue =
  | { kind: 'bare' | 'phrase' | 'exact' | 'single'; text: string }
  | { kind: 'range'; from: string; to: string; inclusive: boolean };

export type QqlNode =
  | { kind: 'and'; nodes: QqlNode[] }
  | { kind: 'or'; nodes: QqlNode[] }
  | { kind: 'not'; node: QqlNode }
  | { kind: 'term'; token: string; value: QqlValue };

const QUOTES = { '"': 'phrase', '`': 'exact', "'": 'single' } as const;
const TOKEN = /[A-Za-z][\w.]*(?=:)/y;
const WORD = /[^\s()]+/y;
const NESTED = /\(\s*[A-Za-z][\w.]*:/y;
const KEYWORD = /(and|or|not)(?=[\s(]|$)/iy;
const RANGE = /\s*(?:"([^"]*)"|'([^']*)'|([^\s\])]+))\s*\.\.\s*(?:"([^"]*)"|'([^']*)'|([^\s\])]+))\s*([\])])/y;

/** The filter's tree, or undefined for an empty one. Throws a 400 with what is wrong and where. */
export function parseQql(text: string): QqlNode | undefined {
  const reader = new QqlReader(text);
  if (reader.atEnd()) return undefined;
  const node = reader.alternatives();
  if (!reader.atEnd()) throw reader.wrong('expected and, or, or the end');
  return node;
}

class QqlReader {
  #at = 0;

  constructor(readonly text: string) {}

  alternatives(): QqlNode {
    return this.#chain('or', () => this.#chain('and', () => this.#factor()));
  }

  atEnd(): boolean {
    this.#match(/\s*/y);
    return this.#at >= this.text.length;
  }

  wrong(what: string): GatewayError {
    return new GatewayError(400, `Invalid QQL at character ${this.#at + 1}: ${what}`);
  }

  #chain(kind: 'and' | 'or', next: () => QqlNode): QqlNode {
    const first = next();
    const nodes = [first];
    while (this.#keyword(kind)) nodes.push(next());
    return nodes.length === 1 ? first : { kind, nodes };
  }

  #factor(): QqlNode {
    if (this.#keyword('not')) return { kind: 'not', node: this.#factor() };
    if (this.#literal('(')) {
      const node = this.alternatives();
      if (!this.#literal(')')) throw this.wrong('expected )');
      return node;
    }
    const token = this.#match(TOKEN)?.[0];
    if (token === undefined) throw this.wrong('expected token:value');
    this.#at += 1;
    return this.#nested(token) ?? { kind: 'term', token, value: this.#value() };
  }

  // `customAttributes:(key:'a' and value:'b')` is what it says of `customAttributes.key` and `customAttributes.value`.
  #nested(parent: string): QqlNode | undefined {
    this.atEnd();
    if (!this.#peek(NESTED)) return undefined;
    this.#at += 1;
    const node = this.alternatives();
    if (!this.#literal(')')) throw this.wrong('expected )');
    return prefixed(node, parent);
  }

  #value(): QqlValue {
    if (this.atEnd()) throw this.wrong('expected a value');
    const mark = this.text.charAt(this.#at);
    if (mark === '"' || mark === '`' || mark === "'") return this.#quoted(mark);
    if (mark === '[' || mark === '(') return this.#range(mark);
    return this.#bareWords();
  }

  #quoted(mark: '"' | '`' | "'"): QqlValue {
    const end = this.text.indexOf(mark, this.#at + 1);
    if (end < 0) throw this.wrong(`the quote ${mark} is never closed`);
    const text = this.text.slice(this.#at + 1, end);
    this.#at = end + 1;
    return { kind: QUOTES[mark], text };
  }

  #range(mark: '[' | '('): QqlValue {
    this.#at += 1;
    const found = this.#match(RANGE);
    if (!found || (mark === '[') !== (found[7] === ']')) throw this.wrong('expected a range such as [a .. b] or (a .. b)');
    const from = found[1] ?? found[2] ?? found[3] ?? '';
    const to = found[4] ?? found[5] ?? found[6] ?? '';
    return { kind: 'range', from, to, inclusive: mark === '[' };
  }

  // An unquoted value may hold several words (`script.name:Script test for modules`): it goes on to a keyword, a bracket or the next token.
  #bareWords(): QqlValue {
    const words: string[] = [];
    while (!this.atEnd()) {
      if (words.length > 0 && (this.#peek(KEYWORD) || this.#peek(TOKEN))) break;
      const word = this.#match(WORD)?.[0];
      if (word === undefined) break;
      words.push(word);
    }
    if (words.length === 0) throw this.wrong('expected a value');
    return { kind: 'bare', text: words.join(' ') };
  }

  #keyword(word: string): boolean {
    this.atEnd();
    if (this.#peek(KEYWORD)?.[1]?.toLowerCase() !== word) return false;
    this.#at += word.length;
    this.atEnd();
    return true;
  }

  #literal(mark: string): boolean {
    this.atEnd();
    if (!this.text.startsWith(mark, this.#at)) return false;
    this.#at += 1;
    this.atEnd();
    return true;
  }

  #peek(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    return pattern.exec(this.text);
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    const found = this.#peek(pattern);
    if (found) this.#at += found[0].length;
    return found;
  }
}

function prefixed(node: QqlNode, parent: string): QqlNode {
  if (node.kind === 'term') return { ...node, token: `${parent}.${node.token}` };
  if (node.kind === 'not') return { kind: 'not', node: prefixed(node.node, parent) };
  return { kind: node.kind, nodes: node.nodes.map((child) => prefixed(child, parent)) };
}
