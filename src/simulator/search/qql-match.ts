import { GatewayError } from '../error.js';
import type { QqlNode, QqlValue } from './qql.js';

/** A token of a module: what it compares and where it reads. `id` compares whole, `word` ignores case, `text` searches for words. */
export interface QqlToken<Row> {
  kind: 'id' | 'word' | 'text';
  read: (row: Row) => string | number | readonly (string | number)[] | undefined;
}

export type QqlTokens<Row> = Readonly<Record<string, QqlToken<Row>>>;
type Test<Row> = (row: Row) => boolean;

/** A predicate for the tree. Unknown tokens are a 400, or match everything when ignored. */
export function qqlTest<Row>(node: QqlNode, tokens: QqlTokens<Row>, unknownToken: 'error' | 'ignore'): Test<Row> {
  if (node.kind === 'not') {
    const inner = qqlTest(node.node, tokens, unknownToken);
    return (row) => !inner(row);
  }
  if (node.kind === 'and') {
    const tests = node.nodes.map((child) => qqlTest(child, tokens, unknownToken));
    return (row) => tests.every((test) => test(row));
  }
  if (node.kind === 'or') return anyOf(node.nodes, tokens, unknownToken);
  const token = Object.hasOwn(tokens, node.token) ? tokens[node.token] : undefined;
  if (token) return valueTest(token, node.value);
  if (unknownToken === 'ignore') return () => true;
  throw new GatewayError(400, `Invalid QQL: the token ${node.token} is not known here. Known: ${Object.keys(tokens).join(', ')}`);
}

// Thousands of `assetId:1 or assetId:2 or …` become one set a token; else each row would be compared with each of them.
function anyOf<Row>(nodes: readonly QqlNode[], tokens: QqlTokens<Row>, unknownToken: 'error' | 'ignore'): Test<Row> {
  const sets = new Map<string, Set<string>>();
  const tests: Test<Row>[] = [];
  for (const node of nodes) {
    const isId =
      node.kind === 'term' && node.value.kind !== 'range' && Object.hasOwn(tokens, node.token) && tokens[node.token]?.kind === 'id';
    if (!isId) {
      tests.push(qqlTest(node, tokens, unknownToken));
      continue;
    }
    const set = sets.get(node.token) ?? new Set<string>();
    if (node.value.kind !== 'range') set.add(node.value.text);
    sets.set(node.token, set);
  }
  for (const [name, set] of sets) {
    const token = tokens[name];
    if (token) tests.push((row) => valuesOf(token, row).some((value) => set.has(value)));
  }
  return (row) => tests.some((test) => test(row));
}

function valueTest<Row>(token: QqlToken<Row>, wanted: QqlValue): Test<Row> {
  if (wanted.kind === 'range') {
    const [from, to] = [comparable(wanted.from), comparable(wanted.to)];
    const within = (value: number) => (wanted.inclusive ? value >= from && value <= to : value > from && value < to);
    return (row) => valuesOf(token, row).some((value) => within(comparable(value)));
  }
  const text = wanted.text;
  if (token.kind === 'id') return (row) => valuesOf(token, row).includes(text);
  if (wanted.kind === 'exact') return (row) => valuesOf(token, row).some((value) => value === text);
  const lower = text.toLowerCase();
  if (token.kind === 'word') return (row) => valuesOf(token, row).some((value) => value.toLowerCase() === lower);
  if (wanted.kind === 'bare') {
    const words = lower.split(/\s+/);
    return (row) => valuesOf(token, row).some((value) => words.every((word) => value.toLowerCase().includes(word)));
  }
  return (row) => valuesOf(token, row).some((value) => value.toLowerCase().includes(lower));
}

/** The only values that rows matching the tree can have for the token, when the tree says so: what an index can be asked for. */
export function qqlOnlyValues(node: QqlNode | undefined, token: string): Set<string> | undefined {
  if (!node) return undefined;
  if (node.kind === 'term') return node.token === token && node.value.kind !== 'range' ? new Set([node.value.text]) : undefined;
  if (node.kind === 'not') return undefined;
  const sets = node.nodes.map((child) => qqlOnlyValues(child, token));
  if (node.kind === 'and') return sets.filter((set) => set !== undefined).sort((a, b) => a.size - b.size)[0];
  if (sets.some((set) => set === undefined)) return undefined;
  const all = new Set<string>();
  for (const set of sets) for (const value of set ?? []) all.add(value);
  return all;
}

function valuesOf<Row>(token: QqlToken<Row>, row: Row): readonly string[] {
  const value = token.read(row);
  if (value === undefined) return [];
  return Array.isArray(value) ? value.map(String) : [String(value)];
}

function comparable(text: string): number {
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : Date.parse(text);
}
