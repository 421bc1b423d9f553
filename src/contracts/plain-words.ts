// What zod says of a value, in words that tell a person what to write: one error map for every schema of ours. A schema's own message
// goes before it. Values are quoted where they are short words, and only where a list of words was expected: a file may hold a secret.
import { z } from 'zod';
import { closestWord } from '../domain/basics/closest-word.js';

z.config({ customError: plainWords });

/** Of objects and words, this many are listed. */
const LISTED = 8;

export function plainWords(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return ofType(issue.expected, issue);
    case 'invalid_value':
      return ofValues(issue.values, issue.input);
    case 'invalid_union':
      return ofUnion(issue);
    case 'too_big':
      return ofSize(issue.origin, {
        word: 'at most',
        than: 'less than',
        limit: issue.maximum,
        inclusive: issue.inclusive,
        exact: issue.exact,
      });
    case 'too_small':
      if (issue.minimum === 1 && issue.inclusive && !issue.exact && issue.origin === 'string') return 'must not be empty';
      if (issue.minimum === 1 && issue.inclusive && !issue.exact && issue.origin in UNITS) return 'must have at least one entry';
      return ofSize(issue.origin, {
        word: 'at least',
        than: 'more than',
        limit: issue.minimum,
        inclusive: issue.inclusive,
        exact: issue.exact,
      });
    case 'invalid_format':
      return ofFormat(issue);
    case 'not_multiple_of':
      return `must be a multiple of ${shown(issue.divisor)}`;
    case 'unrecognized_keys':
      return issue.keys.length === 1 ? 'unknown key' : 'unknown keys';
    case 'invalid_key':
      return `is a key that cannot stand here: ${issue.issues[0]?.message ?? 'use another'}`;
    case 'invalid_element':
      return `has an entry that cannot stand here: ${issue.issues[0]?.message ?? 'use another'}`;
    case 'custom':
      return 'cannot be used here';
    default:
      return undefined;
  }
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  bigint: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'an object',
  record: 'an object',
  map: 'an object',
  set: 'a list',
  null: 'empty',
  undefined: 'left out',
  never: 'left out',
  date: 'a date',
  nan: 'a number',
};

function ofType(expected: string, { input, inst }: z.core.$ZodRawIssue): string {
  const wanted = TYPES[expected] ?? expected;
  if (input === undefined) return `is missing: must be ${wanted}${keysText(inst)}`;
  if (input === null) return `is empty: must be ${wanted}${keysText(inst)}`;
  if (typeof input === 'number' && Number.isNaN(input)) return `must be ${wanted}`;
  if (expected === 'int' && typeof input === 'number') return `must be a whole number, not ${shown(input)}`;
  return `must be ${wanted}, not ${typeText(input)}${keysText(inst)}${cure(expected, input)}`;
}

function typeText(input: unknown): string {
  if (Array.isArray(input)) return 'a list';
  return TYPES[typeof input] ?? typeof input;
}

/** What YAML makes of a word without quotes, and of one with them. */
function cure(expected: string, input: unknown): string {
  if (expected === 'string' && (typeof input === 'number' || typeof input === 'boolean')) return `: write "${String(input)}", in quotes`;
  if (expected === 'array' && (typeof input !== 'object' || input === null)) return ': write [ ] around it';
  if (typeof input !== 'string') return '';
  if ((expected === 'number' || expected === 'int') && /^-?\d{1,15}(\.\d{1,9})?$/.test(input.trim()))
    return `: write ${input.trim()} without quotes`;
  return expected === 'boolean' && /^(true|false)$/i.test(input.trim()) ? `: write ${input.trim().toLowerCase()} without quotes` : '';
}

/** Which keys an object may have. */
function keysText(schema: unknown): string {
  const keys = schema instanceof z.core.$ZodObject ? Object.keys(schema._zod.def.shape) : [];
  return keys.length === 0 ? '' : ` (its ${keys.length === 1 ? 'key' : 'keys'}: ${listed(keys)})`;
}

function ofValues(values: readonly unknown[], input: unknown): string {
  const words = values.map(wordText);
  const wanted = words.length === 1 ? `must be ${words[0]}` : `must be one of ${words.join(', ')}`;
  if (input === undefined) return `is missing: ${wanted}`;
  if (input === null) return `is empty: ${wanted}`;
  const meant = typeof input === 'string' ? closestWord(input, values.filter(isText)) : undefined;
  return meant === undefined ? wanted : `${wanted}; did you mean ${meant}?`;
}

/** Of objects told apart by a key, what that key may be; else there is nothing to say but that no branch fits. */
function ofUnion(issue: z.core.$ZodRawIssue<z.core.$ZodIssueInvalidUnion>): string {
  const { options, discriminator, input } = issue as { options?: unknown; discriminator?: string; input?: unknown };
  if (Array.isArray(options) && discriminator !== undefined)
    return ofValues(options, typeof input === 'object' && input !== null ? Reflect.get(input, discriminator) : undefined);
  const messages = issue.errors.flatMap(([first]) => (first ? [first.message] : []));
  const wanted = [...new Set(messages.flatMap((message) => /must be ([^:,]+)/.exec(message)?.[1] ?? []))];
  const state = input === undefined ? 'is missing: ' : input === null ? 'is empty: ' : '';
  return wanted.length === 0 ? `${state}cannot be used here` : `${state}must be ${wanted.join(', or ')}`;
}

/** What has entries or characters, and what they are called. */
const UNITS: Readonly<Record<string, [one: string, many: string]>> = {
  string: ['character', 'characters'],
  array: ['entry', 'entries'],
  set: ['entry', 'entries'],
  map: ['entry', 'entries'],
  object: ['entry', 'entries'],
  file: ['byte', 'bytes'],
};

interface Bound {
  word: 'at most' | 'at least';
  than: 'less than' | 'more than';
  limit: number | bigint;
  inclusive?: boolean | undefined;
  exact?: boolean | undefined;
}

function ofSize(origin: string, { word, than, limit, inclusive = true, exact = false }: Bound): string {
  const amount = `${exact ? 'exactly' : inclusive ? word : than} ${shown(limit)}`;
  const unit = UNITS[origin];
  return unit === undefined ? `must be ${amount}` : `must have ${amount} ${unit[limit === 1 ? 0 : 1]}`;
}

const FORMATS: Readonly<Record<string, string>> = {
  email: 'an e-mail address',
  url: 'a URL',
  uuid: 'a UUID',
  guid: 'a UUID',
  datetime: 'a date and time in ISO 8601, such as 2026-12-24T17:00:00Z',
  date: 'a calendar date, YYYY-MM-DD',
  time: 'a time of day, HH:MM',
  ipv4: 'an IPv4 address',
  ipv6: 'an IPv6 address',
  base64: 'base64',
  json_string: 'JSON',
};

function ofFormat(issue: z.core.$ZodRawIssue<z.core.$ZodIssueInvalidStringFormat>): string {
  const { prefix, suffix, includes, pattern } = issue as { prefix?: string; suffix?: string; includes?: string; pattern?: string };
  switch (issue.format) {
    case 'starts_with':
      return `must start with ${JSON.stringify(prefix)}`;
    case 'ends_with':
      return `must end with ${JSON.stringify(suffix)}`;
    case 'includes':
      return `must contain ${JSON.stringify(includes)}`;
    case 'regex':
      return `must match the pattern ${pattern ?? ''}`.trim();
    default:
      return `must be ${FORMATS[issue.format] ?? `text of the form ${issue.format}`}`;
  }
}

function listed(words: readonly string[]): string {
  return `${words.slice(0, LISTED).join(', ')}${words.length > LISTED ? ', …' : ''}`;
}

function wordText(value: unknown): string {
  return typeof value === 'string' ? (/^[\w./-]+$/.test(value) ? value : JSON.stringify(value)) : String(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function shown(value: number | bigint): string {
  return Number.isInteger(Number(value)) ? value.toLocaleString('en-US') : String(value);
}
