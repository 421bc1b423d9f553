// The options of `overhaul run` as a request of the contract. Nothing is judged here but the form of an option: the schema does the rest.
import type { Problem } from '../../contracts/request.js';

/** As the options were given; the lists are repeatable, and each item may hold several, or be `@file`. */
export interface RequestOptions {
  script?: string | undefined;
  assets?: string[] | undefined;
  hosts?: string[] | undefined;
  tags?: string[] | undefined;
  query?: string | undefined;
  exclude?: string[] | undefined;
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
}

type Fields = Record<string, unknown>;

export interface RequestParts {
  /** The content of `--request`; options win over it, field by field. */
  base: unknown;
  /** Throws when the file cannot be read. */
  readText(path: string): string;
}

/** The request, still to be parsed, and what is wrong with the options themselves. */
export function requestFromOptions(options: RequestOptions, { base, readText }: RequestParts): { input: Fields; problems: Problem[] } {
  const problems: Problem[] = [];
  const file = asFields(base);
  if (base !== undefined && file === undefined)
    problems.push({ path: '--request', problem: 'must contain one request: an object with script and targets' });
  const list = (name: string, values: string[] | undefined) =>
    listOf(values, readText, (problem) => problems.push({ path: name, problem }));
  const targets = given({
    assetIds: list('--assets', options.assets),
    hostnames: list('--hosts', options.hosts),
    assetTagIds: list('--tags', options.tags),
    query: queryOf(options.query, problems),
    excludedAssetIds: list('--exclude', options.exclude),
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
      maxInFlight: numberOf(options.maxInFlight),
      deadline: options.deadline,
      output: options.output,
      errorBudget: errorBudgetOf(options.errorBudget, problems),
      followUp: jsonOf('--follow-up', options.followUp, problems),
    }),
    targets: over(file?.['targets'] ?? {}, targets),
    ...merged('waitFor', file, { easm: options.waitForEasm, timeout: options.waitTimeout }),
    ...merged('poll', file, { interval: options.poll }),
    ...merged('retry', file, { failed: numberOf(options.retryFailed), after: options.retryAfter }),
    ...merged('unreachable', file, { wait: options.unreachableWait }),
  };
  return { input, problems };
}

/** A value that is no object stays, for the schema to name. */
function over(base: unknown, fields: Fields): unknown {
  return Object.keys(fields).length === 0 ? base : { ...asFields(base), ...fields };
}

function merged(name: string, file: Fields | undefined, fields: Fields): Fields {
  const set = given(fields);
  return Object.keys(set).length === 0 ? {} : { [name]: over(file?.[name], set) };
}

/** Commas and line breaks separate; `@path` stands for the content of a file. */
function listOf(values: string[] | undefined, readText: (path: string) => string, refuse: (problem: string) => void): string[] | undefined {
  return values?.flatMap((value) => {
    if (!value.startsWith('@')) return items(value);
    try {
      return items(readText(value.slice(1)));
    } catch (error) {
      refuse(`cannot read file ${value.slice(1)}: ${error instanceof Error ? error.message : String(error)}`);
      return [];
    }
  });
}

function items(text: string): string[] {
  return text
    .split(/[,\r\n]+/)
    .map((item) => item.trim())
    .filter((item) => item !== '');
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
