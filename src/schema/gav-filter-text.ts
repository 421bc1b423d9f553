// The filter of a `gav` query: as the service takes it, and as a user writes it, one text that holds JSON or XML.
import { z } from 'zod';

/** The documented JSON filter (E-15). Strict, because what the service does with a key it does not know is not told. */
export const GavFilter = z.strictObject({
  filters: z
    .array(
      z.strictObject({
        field: z.string().regex(/^[A-Za-z][\w.]*$/, 'must be a field name such as customAttributes.key'),
        operator: z.enum(['EQUALS', 'NOT_EQUALS', 'CONTAINS', 'IN']),
        value: z.string().min(1, 'must not be empty'),
      }),
    )
    .min(1, 'must hold a criterion'),
  operation: z.enum(['AND', 'OR']).optional(),
});
export type GavFilter = z.output<typeof GavFilter>;

export type GavFilterText = GavFilter | { xml: string };

/** As the service takes it; undefined for text that is neither. Whether XML is well-formed is for the service to say. */
export function gavFilterOf(text: string): GavFilterText | undefined {
  if (isXml(text)) return { xml: text };
  const parsed = GavFilter.safeParse(jsonOf(text));
  return parsed.success ? parsed.data : undefined;
}

/** What is wrong with it, as a half sentence; undefined when nothing is. */
export function gavFilterProblem(text: string): string | undefined {
  if (isXml(text)) return undefined;
  const json = jsonOf(text);
  if (json === undefined) {
    return 'must be JSON such as {"filters": [{"field": "asset.name", "operator": "CONTAINS", "value": "web"}]}, or XML that begins with <filters>; QQL is for gav-v1';
  }
  const parsed = GavFilter.safeParse(json);
  if (parsed.success) return undefined;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'the filter'} ${message}`);
  return `is no filter that may be sent: ${problems.slice(0, 3).join('; ')}`;
}

/** One element with nothing in it: a filter that asks for everything, and says so. */
export function isEmptyGavFilter(text: string): boolean {
  return /^\s*(<\?xml[^>]*\?>)?\s*<([\w:]+)[^<>]*(\/>|>\s*<\/\2\s*>)\s*$/.test(text);
}

function isXml(text: string): boolean {
  return /^\s*<\w/.test(text);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
