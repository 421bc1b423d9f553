// The options of `overhaul run` as a request of the contract. Nothing is judged here but the form of an option: the schema does the rest.
import type { Problem } from '../../contracts/request.js';
import { type ListKind, listedTargets } from './listed-targets.js';
import { type VerdictFile, verdictFile } from './verdict-file.js';

/** As the options were given; the lists are repeatable, and each item may hold several, or be `@file`, or `-`. */
export interface RequestOptions {
  script?: string | undefined;
  assets?: string[] | undefined;
  hosts?: string[] | undefined;
  match?: string | undefined;
  tags?: string[] | undefined;
  /** Of CSV files. */
  column?: string | undefined;
  query?: string | undefined;
  exclude?: string[] | undefined;
  seenWithin?: string | undefined;
  everything?: true | undefined;
  despiteOpenCopies?: true | undefined;
  maxAssets?: string | undefined;
  scriptSha256?: string | undefined;
  reason?: string | undefined;
  requestedBy?: string | undefined;
  /** `true` without a profile. */
  waitForEasm?: string | true | undefined;
  waitTimeout?: string | undefined;
  strategy?: string | undefined;
  maxInFlight?: string | undefined;
  poll?: string | undefined;
  deadline?: string | undefined;
  output?: string | undefined;
  retryFailed?: string | undefined;
  retryAfter?: string | undefined;
  unreachableWait?: string | undefined;
  errorBudget?: string | undefined;
  followUp?: string | undefined;
  /** A file. */
  verdict?: string | undefined;
}

type Fields = Record<string, unknown>;

export interface RequestParts {
  /** The content of `--request`; options win over it, field by field. */
  base: unknown;
  /** Throws when the file cannot be read; `-` is stdin. */
  readText(path: string): string;
}

export interface AskedRequest {
  /** Still to be parsed. */
  input: Fields;
  /** What is wrong with the options themselves. */
  problems: Problem[];
  /** What a person should know of how they were read. */
  notes: string[];
  /** The file of `--verdict`. */
  verdict: VerdictFile | undefined;
}

export function requestFromOptions(options: RequestOptions, { base, readText }: RequestParts): AskedRequest {
  const problems: Problem[] = [];
  const file = asFields(base);
  if (base !== undefined && file === undefined)
    problems.push({ path: '--request', problem: 'must contain one request: an object with script and targets' });
  const notes: string[] = [];
  const list = (option: string, values: string[] | undefined, kind: ListKind = 'ids') => {
    const listed = listedTargets(values, { option, kind, column: options.column, readText });
    problems.push(...(listed?.problems ?? []));
    notes.push(...(listed?.notes ?? []));
    return listed?.values;
  };
  const verdict = options.verdict === undefined ? undefined : verdictFile(options.verdict, readText);
  problems.push(...(verdict?.problems ?? []));
  const duration = (option: string, text: string | undefined) => durationOf(option, text, problems);
  const targets = given({
    assetIds: list('--assets', options.assets),
    hostnames: list('--hosts', options.hosts, 'names'),
    match: options.match,
    assetTagIds: list('--tags', options.tags),
    query: queryOf(options.query, problems),
    excludedAssetIds: list('--exclude', options.exclude),
    seenWithin: duration('--seen-within', options.seenWithin),
    everything: options.everything,
    despiteOpenCopies: options.despiteOpenCopies,
  });
  const input = {
    ...file,
    ...given({
      script: options.script,
      maxAssets: numberOf(options.maxAssets),
      scriptSha256: options.scriptSha256,
      reason: options.reason,
      requestedBy: options.requestedBy,
      strategy: options.strategy,
      maxInFlight: options.maxInFlight === 'auto' ? 'auto' : numberOf(options.maxInFlight),
      deadline: duration('--deadline', options.deadline),
      output: options.output,
      errorBudget: errorBudgetOf(options.errorBudget, problems),
      followUp: jsonOf('--follow-up', options.followUp, problems),
      verdict: verdict?.content,
    }),
    targets: over(file?.['targets'] ?? {}, targets),
    ...merged('waitFor', file, { easm: options.waitForEasm, timeout: duration('--wait-timeout', options.waitTimeout) }),
    ...merged('poll', file, { interval: duration('--poll', options.poll) }),
    ...merged('retry', file, { failed: numberOf(options.retryFailed), after: duration('--retry-after', options.retryAfter) }),
    ...merged('unreachable', file, { wait: duration('--unreachable-wait', options.unreachableWait) }),
  };
  return { input, problems, notes, verdict };
}

/** A value that is no object stays, for the schema to name. */
function over(base: unknown, fields: Fields): unknown {
  return Object.keys(fields).length === 0 ? base : { ...asFields(base), ...fields };
}

function merged(name: string, file: Fields | undefined, fields: Fields): Fields {
  const set = given(fields);
  return Object.keys(set).length === 0 ? {} : { [name]: over(file?.[name], set) };
}

/** Options are typed by hand: a bare number there is a forgotten unit more often than milliseconds. `0` needs none. */
function durationOf(option: string, text: string | undefined, problems: Problem[]): string | undefined {
  if (text === undefined || !/^\s*\d+(\.\d+)?\s*$/.test(text) || Number(text) === 0) return text;
  problems.push({ path: option, problem: `${text.trim()} has no unit. Use ${text.trim()}s, ${text.trim()}m or ${text.trim()}h` });
  return undefined;
}

function queryOf(text: string | undefined, problems: Problem[]): Fields | undefined {
  if (text === undefined) return undefined;
  const colon = text.indexOf(':');
  if (colon < 0) {
    problems.push({
      path: '--query',
      problem: `${JSON.stringify(text.slice(0, 60))} has no source. Use SOURCE:FILTER, such as car:operatingSystem:linux`,
    });
    return undefined;
  }
  return { source: text.slice(0, colon), filter: text.slice(colon + 1) };
}

/** `5`, `5%`, or the whole budget as JSON. */
function errorBudgetOf(text: string | undefined, problems: Problem[]): unknown {
  if (text === undefined) return undefined;
  return text.trim().startsWith('{') ? jsonOf('--error-budget', text, problems) : { max: numberOf(text) };
}

function jsonOf(option: string, text: string | undefined, problems: Problem[]): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    problems.push({ path: option, problem: `is not JSON: ${JSON.stringify(text.slice(0, 60))}` });
    return undefined;
  }
}

/** Text that is no number stays text, for the schema to name. */
function numberOf(text: string | undefined): number | string | undefined {
  return text !== undefined && /^-?\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : text;
}

function given(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function asFields(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}
