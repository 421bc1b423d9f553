// The filter of a `gav` query: as the service takes it, and as a user writes it, one text that holds JSON or XML.
import { z } from 'zod';

/**
 * Every operator of the service, whatever the field; which field takes which is for the service to say.
 * docs.qualys.com/en/csam/api/appendix/supported_operators.htm; the 3.7 API release notes have the first four.
 */
export const GAV_OPERATORS = [
  'EQUALS',
  'NOT_EQUALS',
  'CONTAINS',
  'IN',
  'GREATER',
  'LESSER',
  'GREATER_THAN_EQUAL',
  'LESS_THAN_EQUAL',
] as const;

function noOperator(word: string): string {
  const which = word === '' ? 'a criterion has no operator' : `${JSON.stringify(word.slice(0, 60))} is not a GAV operator`;
  return `${which}: use ${GAV_OPERATORS.join(', ')}`;
}

/**
 * Without criteria it asks for everything. The documented JSON filter (docs/qualys-api.md#global-assetview). Strict, because what the
 * service does with a key it does not know is not told.
 */
export const GavFilter = z.strictObject({
  filters: z
    .array(
      z.strictObject({
        field: z.string().regex(/^[A-Za-z][\w.]*$/, 'must be a field name such as customAttributes.key'),
        operator: z.enum(GAV_OPERATORS, {
          error: ({ input }) => (typeof input === 'string' ? noOperator(input) : `must be one of ${GAV_OPERATORS.join(', ')}`),
        }),
        value: z.string().min(1, 'must not be empty'),
      }),
    )
    .default([]),
  operation: z.enum(['AND', 'OR']).optional(),
});
export type GavFilter = z.output<typeof GavFilter>;

export type GavFilterText = GavFilter | { xml: string };

/** As the service takes it; undefined for text that is neither. Whether XML is well-formed is for the service to say. */
export function gavFilterOf(text: string): GavFilterText | undefined {
  if (isXml(text)) return xmlProblem(text) === undefined ? { xml: text } : undefined;
  const parsed = GavFilter.safeParse(jsonOf(text));
  return parsed.success ? parsed.data : undefined;
}

/** What is wrong with it, as a half sentence; undefined when nothing is. */
export function gavFilterProblem(text: string): string | undefined {
  if (isXml(text)) return xmlProblem(text);
  const json = jsonOf(text);
  if (json === undefined) {
    return 'must be JSON such as {"filters": [{"field": "asset.name", "operator": "CONTAINS", "value": "web"}]}, or XML that starts with <filters> (QQL is for gav-v1)';
  }
  const parsed = GavFilter.safeParse(json);
  if (parsed.success) return undefined;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'the filter'} ${message}`);
  return `is not a valid filter: ${problems.slice(0, 3).join('; ')}`;
}

/** No criterion, or one element with nothing in it: a filter that asks for everything, and says so. */
export function isEmptyGavFilter(text: string): boolean {
  if (!isXml(text)) return GavFilter.safeParse(jsonOf(text)).data?.filters.length === 0;
  return /^\s*(<\?xml[^>]*\?>)?\s*<([\w:]+)[^<>]*(\/>|>\s*<\/\2\s*>)\s*$/.test(text);
}

function isXml(text: string): boolean {
  return /^\s*<[\w?]/.test(text);
}

const CRITERION = /<(?:[\w.-]+:)?Criteria\b[^<>]*>/g;
const OPERATOR = /\soperator\s*=\s*(?:"([^"]*)"|'([^']*)')/;

/** Only the operators are checked: a service that does not know one may leave the criterion out, and finds more than was meant. */
function xmlProblem(text: string): string | undefined {
  const criteria = text.replaceAll(/<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>/g, '').match(CRITERION) ?? [];
  for (const criterion of criteria) {
    const [, double, single = ''] = OPERATOR.exec(criterion) ?? [];
    const word = double ?? single;
    if (!GAV_OPERATORS.some((operator) => operator === word)) return `is not a valid filter: ${noOperator(word)}`;
  }
  return undefined;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
