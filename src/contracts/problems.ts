// What is wrong with an input, as people read it: every problem at once, each with the place that it is in.
import type { z } from 'zod';
import { closestWord } from '../domain/basics/closest-word.js';
import { clipped } from '../domain/basics/well-formed.js';
import { knownKeys } from './known-keys.js';
import './plain-words.js';

/** Keys and values of users are quoted in problems, which travel on in failures. */
const PATH_LENGTH = 200;
const PROBLEM_LENGTH = 400;

export interface Problem {
  /** Like `targets.assetIds[3]`; empty for the whole input. */
  path: string;
  problem: string;
}

/**
 * Every problem of a zod error as `{path, problem}`, unknown keys each under their own path; with the schema, and what they were likely
 * meant to be.
 */
export function problemsOf(error: z.ZodError, schema?: z.ZodType): Problem[] {
  const problems: Problem[] = [];
  const tell = (path: readonly PropertyKey[], problem: string): void => {
    problems.push({ path: clipped(pathText(path), PATH_LENGTH), problem: clipped(problem, PROBLEM_LENGTH) });
  };
  for (const issue of error.issues.flatMap(deepest)) {
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) {
        const meant = schema && closestWord(key, knownKeys(schema, issue.path));
        tell([...issue.path, key], meant === undefined ? 'unknown key' : `unknown key; did you mean ${meant}?`);
      }
    } else {
      tell(issue.path, issue.message);
    }
  }
  return problems;
}

export type Parsed<T> = { ok: true; value: T } | { ok: false; problems: Problem[] };

/** One sentence for people: the first problems and how many there are. */
export function describeProblems(problems: readonly Problem[], shownAtMost = 5): string {
  const first = problems.slice(0, shownAtMost).map(({ path, problem }) => (path ? `${path}: ${problem}` : problem));
  const more = problems.length - first.length;
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  return clipped(`The request has ${count}: ${first.join('; ')}${more > 0 ? `; and ${more} more` : ''}`, 500);
}

/** One indented line a problem, for a terminal. */
export function problemLines(problems: readonly Problem[]): string[] {
  return problems.map(({ path, problem }) => `  ${path ? `${path}: ` : ''}${problem}`);
}

export function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text ? `${text}.${String(part)}` : String(part);
  }, '');
}

/** Of a union that nothing fitted, the problems of the one branch that was meant: the one whose problems lie inside the value. */
function deepest(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const meant = issue.errors.filter((branch) => branch.some(({ path, code }) => path.length > 0 || code === 'unrecognized_keys'));
  const [branch] = meant;
  return meant.length === 1 && branch
    ? branch.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })).flatMap(deepest)
    : [issue];
}
