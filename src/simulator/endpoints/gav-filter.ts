import type { Call } from '../answers/routes.js';
import { GatewayError } from '../error.js';
import type { RowKind } from '../search/paging.js';
import { parseQql } from '../search/qql.js';
import { qqlTest } from '../search/qql-match.js';
import type { World } from '../world/state.js';
import { type GavFieldKind, gavFields } from './gav-fields.js';

type Test = (index: number) => boolean;

/** The QQL of v1, in the query. */
export function qqlFilterOf({ world, query }: Call): Test {
  const node = parseQql(query.get('filter') ?? '');
  return node ? qqlTest(node, tokens(world), world.settings.unknownToken) : () => true;
}

/** The body of v2: nothing, JSON or XML. */
export function gavFilterOf(call: Call): Test {
  const { criteria, operation } = /xml/.test(call.contentType) ? readXml(call.text) : readJson(call.body);
  const tests = criteria.map((criterion) => criterionTest(call.world, criterion));
  if (tests.length === 0) return () => true;
  return (index) => (operation === 'OR' ? tests.some((test) => test(index)) : tests.every((test) => test(index)));
}

const COMPARISONS: Readonly<Record<string, (one: number, than: number) => boolean>> = {
  GREATER: (one, than) => one > than,
  LESSER: (one, than) => one < than,
  GREATER_THAN_EQUAL: (one, than) => one >= than,
  LESS_THAN_EQUAL: (one, than) => one <= than,
};
const COMPARED = Object.keys(COMPARISONS);

/** docs.qualys.com/en/csam/api/appendix/supported_operators.htm: which operators a field takes follows from what it holds. */
const OPERATORS: Readonly<Record<GavFieldKind, readonly string[]>> = {
  text: ['CONTAINS', 'IN', 'EQUALS', 'NOT_EQUALS'],
  number: ['EQUALS', 'IN', 'NOT_EQUALS', ...COMPARED],
  date: ['EQUALS', 'NOT_EQUALS', ...COMPARED],
  uuid: ['EQUALS', 'IN'],
  address: ['EQUALS', 'IN'],
};

function comparable(kind: GavFieldKind, value: string): number {
  return kind === 'date' ? Date.parse(value) : Number(value);
}

/** For QQL a date is compared as a range, all but text as a whole. */
function tokens(world: World): RowKind<number>['tokens'] {
  return Object.fromEntries(
    Object.entries(gavFields(world)).map(([name, { kind, read }]) => [name, { kind: kind === 'text' ? 'text' : 'id', read }]),
  );
}

interface Criterion {
  field: string;
  operator: string;
  value: string;
}

interface Filter {
  criteria: Criterion[];
  operation: string;
}

function criterionTest(world: World, { field, operator, value }: Criterion): Test {
  const known = gavFields(world);
  const found = Object.hasOwn(known, field) ? known[field] : undefined;
  if (!found) throw invalid(`the field ${field} is not known. Known: ${Object.keys(known).join(', ')}`);
  const { kind, read } = found;
  const taken = OPERATORS[kind];
  if (!taken.includes(operator)) throw invalid(`the field ${field} takes ${taken.join(', ')}, not ${operator}`);
  const valuesOf = (index: number) => [read(index) ?? []].flat().map(String);
  const wanted = value.toLowerCase();
  const choices = operator === 'IN' ? wanted.split(',').map((choice) => choice.trim()) : [wanted];
  // A number or date that is none finds nothing by accident: the service refuses it, as a live client reports of `asset.id`.
  const isComparable = kind !== 'number' && kind !== 'date' ? () => true : (text: string) => !Number.isNaN(comparable(kind, text));
  if (!choices.every(isComparable)) throw invalid(`${field} is not compared with ${value}`);
  switch (operator) {
    case 'EQUALS':
    case 'IN':
      return (index) => valuesOf(index).some((text) => choices.includes(text.toLowerCase()));
    case 'NOT_EQUALS':
      return (index) => valuesOf(index).every((text) => text.toLowerCase() !== wanted);
    case 'CONTAINS':
      return (index) => valuesOf(index).some((text) => text.toLowerCase().includes(wanted));
    default: {
      const compare = COMPARISONS[operator];
      const than = comparable(kind, value);
      return (index) => compare !== undefined && valuesOf(index).some((text) => compare(comparable(kind, text), than));
    }
  }
}

function invalid(problem: string): GatewayError {
  return new GatewayError(400, `Invalid filter: ${problem}`);
}

/** `{}` asks for everything, as `{"filters": []}` and no body do. */
function readJson(body: unknown): Filter {
  if (body === undefined) return { criteria: [], operation: 'AND' };
  const { filters = [], operation = 'AND' } = body as { filters?: unknown; operation?: unknown };
  if (!Array.isArray(filters)) throw new GatewayError(400, 'filters must be an array');
  return { criteria: filters.map((criterion) => criterion as Criterion), operation: String(operation) };
}

const CRITERION = /<Criteria\s+field="([^"]*)"\s+operator="([^"]*)"\s*>\s*<value>([^<]*)<\/value>\s*<\/Criteria>/g;

/** Enough XML for the documented form: `filters` or `FilterRequest` around `Criteria` elements. */
function readXml(text: string): Filter {
  const inner = /^\s*(?:<\?xml[^>]*\?>\s*)?<(filters|FilterRequest)\b[^>]*?(?:operation="(\w+)"[^>]*)?>([\s\S]*)<\/\1>\s*$/.exec(text);
  const isEmpty = text.trim() === '' || /^\s*(?:<\?xml[^>]*\?>\s*)?<(?:filters|FilterRequest)\b[^<>]*\/>\s*$/.test(text);
  if (isEmpty) return { criteria: [], operation: 'AND' };
  if (!inner) throw new GatewayError(400, 'The filter is not XML with the root filters');
  const criteria = [...text.matchAll(CRITERION)].map(([, field = '', operator = '', value = '']) => ({
    field: unescaped(field),
    operator,
    value: unescaped(value),
  }));
  if (criteria.length === 0 && inner[3]?.trim() !== '') throw new GatewayError(400, 'The filter holds no Criteria');
  return { criteria, operation: inner[2] ?? 'AND' };
}

const CHARACTERS: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&', '#13': '\r' };

function unescaped(text: string): string {
  return text.replace(/&(lt|gt|quot|apos|amp|#13);/g, (_, name: string) => CHARACTERS[name] ?? '');
}
