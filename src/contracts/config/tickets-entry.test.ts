import { describe, expect, test } from '@jest/globals';
import { parseConfig } from './file.js';

const problemsIn = (entry: string) => {
  const parsed = parseConfig(`tickets:\n  t: ${entry}\n`);
  return parsed.ok ? [] : parsed.problems.map(({ path, problem }) => `${path}: ${problem.replace(/ \(overhaul\.yaml:\d+\)$/, '')}`);
};

describe('how a ticket is moved at the end', () => {
  test.each([
    'servicenow, onFinished: { succeeded: { fields: { state: "3", close_code: successful } }, otherwise: { fields: { state: 0 } } }',
    'freshservice, onFinished: { succeeded: { fields: { status: 4 } } }',
    'jira, onFinished: { succeeded: { transition: Done }, otherwise: { transition: Needs work } }',
    'jira-dc, onFinished: { otherwise: { transition: Done } }',
    'zendesk, onFinished: { succeeded: { status: solved } }',
    'pagerduty, onFinished: { succeeded: { status: resolved } }',
    'github, onFinished: { succeeded: { close: true, labels: [remediated] }, otherwise: { labels: [failed] } }',
    'github, output: failed',
  ])('%s', (entry) => {
    expect(problemsIn(`{ system: ${entry} }`)).toEqual([]);
  });

  test.each<[string, string[]]>([
    [
      'jira, onFinished: { succeeded: { status: solved, close: true }, otherwise: {} }',
      [
        'tickets.t.onFinished.succeeded.status: a ticket of jira is moved by { transition: "Done" }',
        'tickets.t.onFinished.succeeded.close: a ticket of jira is moved by { transition: "Done" }',
        'tickets.t.onFinished.otherwise: is empty: a ticket of jira is moved by { transition: "Done" }',
      ],
    ],
    [
      'zendesk, onFinished: { succeeded: { status: resolved } }',
      ['tickets.t.onFinished.succeeded.status: must be one of open, pending, hold, solved'],
    ],
    ['standard, onFinished: { succeeded: { status: x } }', ['tickets.t.onFinished: cannot be done: "standard" has no API']],
    [
      'github, onFinished: { succeeded: { close: false } }',
      ['tickets.t.onFinished.succeeded.close: moves nothing: leave it out, or name labels'],
    ],
    ['servicenow, onFinished: { succeeded: { fields: {} } }', ['tickets.t.onFinished.succeeded.fields: name at least one field']],
    [
      'servicenow, onFinished: { succeed: { fields: { state: 3 } } }',
      ['tickets.t.onFinished.succeed: unknown key; did you mean succeeded?'],
    ],
    // Whatever else is wrong, all of it is told at once.
    [
      'github, url: "ftp://x", onFinished: { succeeded: { transition: Done, colour: red } }, output: everything',
      [
        'tickets.t.url: must be an http(s) URL',
        'tickets.t.onFinished.succeeded.colour: unknown key',
        expect.stringContaining('tickets.t.output: '),
        'tickets.t.onFinished.succeeded.transition: a ticket of github is moved by { close: true, labels: [remediated] }',
      ] as string[],
    ],
  ])('not: %s', (entry, problems) => {
    expect(problemsIn(`{ system: ${entry} }`)).toEqual(problems);
  });
});
