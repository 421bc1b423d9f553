import { expect, test } from '@jest/globals';
import { hintsOf } from './hints.js';

const content = Buffer.from('#!/bin/sh\nset -e\napt-get install -y openssl\n').toString('base64');

test('rules that win over Qualys’ own word are hinted at, also where the content of the script is not told', () => {
  const verdict = { output: [{ pattern: 'done', is: 'succeeded' as const }], exitCodes: { '0': 'succeeded' as const } };
  const said = (script: { platform: string; content?: string }, rules?: typeof verdict) =>
    hintsOf(script, { step: 'remediate', verdict: rules }).map(({ kind, text }) => `${kind}: ${text}`);
  const hints = [
    'over-failed: verdict.output[0] makes jobs that Qualys calls failed succeeded, too',
    'over-failed: verdict.exitCodes.0 makes jobs that Qualys calls failed succeeded, too',
  ];
  expect(said({ platform: 'LINUX', content }, verdict)).toEqual(hints);
  expect(said({ platform: 'LINUX' }, verdict)).toEqual(hints);
  expect(said({ platform: 'LINUX', content })).toEqual([]);
});
