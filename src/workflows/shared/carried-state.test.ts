import { expect, test } from '@jest/globals';
import { parsePlan } from '../../contracts/plan.js';
import { jsonBytes } from '../../contracts/text.js';
import { emptyCounts } from '../../domain/run/outcome.js';
import { type CampaignState, firstCampaignState } from '../campaign/state.js';
import { carriedOver, carriedState } from './carried-state.js';

const SNAPSHOT = {
  ...{ claimed: 999_999, permits: 999_999, wakes: 1, counts: emptyCounts(), unsent: 1, inDoubt: 1, watched: 1, slotsTaken: 1, waiting: 1 },
  ...{ outputsOwed: 1, accepted: 1, callsUsed: 1, at: 1_700_000_000_000, breached: false, attempted: true, paused: false, maxInFlight: 4 },
};

function stateOf(plan: object): CampaignState {
  const parsed = parsePlan({ name: 'p', steps: { remediate: 1 }, targets: { assetIds: [1] }, ...plan });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return { ...firstCampaignState(parsed.value), queue: 'q', snapshot: SNAPSHOT };
}

test('a state comes back as it was, its gates with their rules', () => {
  const state = stateOf({
    approval: { quorum: 2, approvers: ['ann', 'bob', 'eve'] },
    waves: [
      { name: 'a', size: 1 },
      { name: 'b', size: 1, approval: false },
      { name: 'c', approval: { quorum: 1 } },
    ],
  });
  state.doneUpdates = [{ id: 'one', result: 3 }];
  expect(JSON.parse(JSON.stringify(carriedState(JSON.parse(JSON.stringify(carriedOver(state))))))).toEqual(
    JSON.parse(JSON.stringify(state)),
  );
});

test('the largest plan that is taken is carried in less than 16 KiB, with the newest updates that have room', () => {
  const approvers = Array.from({ length: 20 }, (_, index) => `${index}-${'漢'.repeat(60)}`);
  const waves = Array.from({ length: 100 }, (_, index) => ({ name: `wave ${index}`, ...(index < 99 ? { size: 10 } : {}), soak: '24h' }));
  const state = stateOf({ approval: { quorum: 10, approvers }, waves });
  state.blocked = { kind: 'unavailable', why: '\ud83d\ude00'.repeat(250) };
  state.waits = { 'p/a/remediate': { kind: 'limit', why: '漢'.repeat(500) } };
  state.doneUpdates = Array.from({ length: 150 }, (_, index) => ({ id: `${index}`.padEnd(1_000, '漢'), result: null }));
  const carried = carriedOver(state) as CampaignState;
  expect(jsonBytes(carried)).toBeLessThanOrEqual(15_000);
  expect(jsonBytes(state)).toBeGreaterThan(16_384);
  expect(carried.doneUpdates.at(-1)).toEqual(state.doneUpdates.at(-1));
  expect(JSON.stringify(carried).isWellFormed()).toBe(true);
});

test('a run with many updates carries the newest', () => {
  const state = {
    ...stateOf({}),
    doneUpdates: Array.from({ length: 150 }, (_, index) => ({ id: `${index}`.padEnd(36, 'x'), result: index })),
  };
  expect((carriedOver(state) as CampaignState).doneUpdates).toEqual(state.doneUpdates);
});
