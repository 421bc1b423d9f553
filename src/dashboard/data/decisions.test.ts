import { describe, expect, test } from '@jest/globals';
import { emptyCounts } from '../../domain/run/outcome.js';
import { decisionsOf, withNews } from './decisions.js';
import type { Run } from './types.js';

const progress = { phase: 'running', asOf: '2026-11-30T20:00:00.000Z', counts: emptyCounts(), inFlight: 0, callsUsed: 3 };
const RUN: Run = { workflowId: 'r', state: 'running', progress, audit: [] };
const answers = (...decisions: string[]) => decisions.map((decision) => ({ decision, command: '', means: '' }));

describe('decisions', () => {
  test('of a run that goes on are pause and cancel', () => {
    expect(decisionsOf(RUN)).toEqual({ asked: [], besides: ['pause', 'cancel'] });
  });

  test('of one that asks are its answers first', () => {
    const question = { text: 'Wave 2 waits for approval.', digest: 'abc', answers: answers('approve', 'reject') };
    expect(decisionsOf({ ...RUN, question })).toEqual({ asked: ['approve', 'reject'], besides: ['pause', 'cancel'] });
  });

  test('of one that is paused are resume and cancel, each once', () => {
    const question = { text: 'Paused. Nothing new is sent.', answers: answers('resume') };
    expect(decisionsOf({ ...RUN, progress: { ...progress, paused: true }, question })).toEqual({ asked: ['resume'], besides: ['cancel'] });
    expect(decisionsOf({ ...RUN, question: { text: 'Held.', answers: answers('resume', 'cancel') } }).besides).toEqual([]);
  });

  test('of one that has ended are none, whatever it asked before', () => {
    const question = { text: 'Continue?', answers: answers('approve', 'reject') };
    expect(decisionsOf({ ...RUN, question, failure: { type: 'PolicyViolation', message: 'too many' } })).toEqual({
      asked: [],
      besides: [],
    });
  });
});

test('news replace what they can bring, and take away what they lack', () => {
  const question = { text: 'Paused.', answers: answers('resume') };
  const before: Run = { ...RUN, question, warning: 'no worker responds', script: { id: '1', title: 'Restart' } };
  expect(withNews(before, { workflowId: 'r', state: 'opening', progress: { ...progress, callsUsed: 4 } })).toEqual({
    workflowId: 'r',
    state: 'opening',
    progress: { ...progress, callsUsed: 4 },
    script: { id: '1', title: 'Restart' },
    audit: [],
  });
});
