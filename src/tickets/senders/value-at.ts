import { type JSONValue, search } from '@jmespath-community/jmespath';

/**
 * What `expression` finds. One that finds nothing, or meets a value of another kind than it expects, gives nothing: the schema then says what
 * is missing.
 */
export function valueAt(value: unknown, expression: string): unknown {
  try {
    return search(value as JSONValue, expression) ?? undefined;
  } catch {
    return undefined;
  }
}

export function textAt(value: unknown, expression: string): string {
  const found = valueAt(value, expression);
  return typeof found === 'string' ? found : '';
}
