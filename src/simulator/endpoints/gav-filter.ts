import type { Call } from '../answers/routes.js';
import { GatewayError } from '../error.js';
import type { RowKind } from '../search/paging.js';
import { parseQql } from '../search/qql.js';
import { qqlTest } from '../search/qql-match.js';
import type { World } from '../world/state.js';

type Test = (index: number) => boolean;

const DEPARTMENTS = ['Engineering', 'Design', 'Customer Support'];

/** Every asset has a department; every tenth also the documents' `Media State4`. */
export function customAttributes(index: number): { key: string; value: string; connectorName: string }[] {
  const department = { key: 'Department', value: DEPARTMENTS[index % DEPARTMENTS.length] ?? '', connectorName: 'Qualys' };
  return index % 10 === 9 ? [{ key: 'Media State4', value: 'Media disconnected', connectorName: 'Qualys' }, department] : [department];
}

/** Assets are older than the simulator, and every one of thirty was changed on another day. */
export const CREATED_BEFORE_MS = 90 * 86_400_000;

export function modifiedAt({ bornAt }: Pick<World, 'bornAt'>, index: number): number {
  return bornAt - (index % 30) * 86_400_000;
}

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
const TEXT_OPERATORS = ['CONTAINS', 'IN', 'EQUALS', 'NOT_EQUALS'];
/** docs.qualys.com/en/csam/api/appendix/supported_operators.htm: which operators a field takes follows from what it holds. */
const NUMBER_FIELDS: ReadonlySet<string> = new Set(['asset.id', 'asset.assetID', 'tags.id']);
const DATE_FIELDS: ReadonlySet<string> = new Set(['asset.created', 'asset.lastUpdated']);

function refusedOperator(field: string, operator: string): string | undefined {
  const compared = Object.keys(COMPARISONS);
  let taken = TEXT_OPERATORS;
  if (NUMBER_FIELDS.has(field)) taken = ['EQUALS', 'IN', 'NOT_EQUALS', ...compared];
  if (DATE_FIELDS.has(field)) taken = ['EQUALS', 'NOT_EQUALS', ...compared];
  return taken.includes(operator) ? undefined : `the field ${field} takes ${taken.join(', ')}, not ${operator}`;
}

function comparable(field: string, value: string): number {
  return DATE_FIELDS.has(field) ? Date.parse(value) : Number(value);
}

function tokens({ fleet, bornAt }: World): RowKind<number>['tokens'] {
  return {
    'asset.id': { kind: 'id', read: fleet.assetId },
    'asset.assetID': { kind: 'id', read: fleet.assetId },
    'asset.created': { kind: 'id', read: () => new Date(bornAt - CREATED_BEFORE_MS).toISOString() },
    'asset.lastUpdated': { kind: 'id', read: (index) => new Date(modifiedAt({ bornAt }, index)).toISOString() },
    'asset.name': { kind: 'text', read: fleet.name },
    operatingSystem: { kind: 'text', read: fleet.operatingSystem },
    'tags.id': { kind: 'id', read: fleet.tagIds },
    'customAttributes.key': { kind: 'text', read: (index) => customAttributes(index).map(({ key }) => key) },
    'customAttributes.value': { kind: 'text', read: (index) => customAttributes(index).map(({ value }) => value) },
  };
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
  const known = tokens(world);
  const token = Object.hasOwn(known, field) ? known[field] : undefined;
  if (!token) throw new GatewayError(400, `Invalid filter: the field ${field} is not known. Known: ${Object.keys(known).join(', ')}`);
  const valuesOf = (index: number) => [token.read(index) ?? []].flat().map(String);
  const wanted = value.toLowerCase();
  const refusal = refusedOperator(field, operator);
  if (refusal !== undefined) throw new GatewayError(400, `Invalid filter: ${refusal}`);
  switch (operator) {
    case 'EQUALS':
      return (index) => valuesOf(index).some((text) => text.toLowerCase() === wanted);
    case 'NOT_EQUALS':
      return (index) => valuesOf(index).every((text) => text.toLowerCase() !== wanted);
    case 'CONTAINS':
      return (index) => valuesOf(index).some((text) => text.toLowerCase().includes(wanted));
    case 'IN': {
      const choices = wanted.split(',').map((choice) => choice.trim());
      return (index) => valuesOf(index).some((text) => choices.includes(text.toLowerCase()));
    }
    default: {
      const compare = COMPARISONS[operator];
      const than = comparable(field, value);
      if (compare === undefined || Number.isNaN(than))
        throw new GatewayError(400, `Invalid filter: ${field} is not compared with ${value}`);
      return (index) => valuesOf(index).some((text) => compare(comparable(field, text), than));
    }
  }
}

function readJson(body: unknown): Filter {
  if (body === undefined) return { criteria: [], operation: 'AND' };
  const { filters, operation = 'AND' } = body as { filters?: unknown; operation?: unknown };
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
