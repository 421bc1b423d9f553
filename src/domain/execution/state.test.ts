import { describe, expect, test } from '@jest/globals';
import { EXECUTION_EVENTS, EXECUTION_STATES, type ExecutionEvent, type ExecutionState, after as stateAfter } from './state.js';

const ALLOWED: Record<ExecutionEvent, Partial<Record<ExecutionState, ExecutionState>>> = {
  permit: { claimed: 'permitted' },
  notSent: { permitted: 'claimed' },
  accept: { permitted: 'accepted' },
  proveNotExecuted: { permitted: 'claimed' },
  adopt: { permitted: 'accepted' },
  acceptLate: { claimed: 'accepted', permitted: 'accepted', unverified: 'accepted' },
  giveUp: { permitted: 'unverified' },
  contradict: { claimed: 'unverified', permitted: 'unverified' },
  abandon: { claimed: 'unverified' },
  settle: { accepted: 'settled' },
  release: { claimed: 'released' },
};

describe('the life of an execution', () => {
  const pairs = EXECUTION_STATES.flatMap((state) => (Object.keys(EXECUTION_EVENTS) as ExecutionEvent[]).map((event) => ({ state, event })));
  test.each(pairs)('$event in the state $state', ({ state, event }) => {
    expect(stateAfter(state, event)).toBe(ALLOWED[event][state]);
  });

  test("nothing leaves its ends, but for Qualys' own late word that it ran", () => {
    const ends = EXECUTION_STATES.filter((state) => pairs.every(({ event }) => stateAfter(state, event) === undefined));
    expect(ends).toEqual(['settled', 'released']);
  });
});
