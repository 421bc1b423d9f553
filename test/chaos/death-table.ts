// Every transition of the state machine (src/domain/execution/state.ts), and every other step that changes something, with the
// moments around its commit.
import type { Simulator } from '../../src/simulator/index.js';
import type { Death } from './deaths.js';
import type { Failpoint } from './failpoints.js';
import { assetIds, FIRST_ASSET } from './scene.js';

const MOMENTS = ['before', 'uncommitted', 'after'] as const;

function at(step: Failpoint['step'], moment: Failpoint['moment'], passage = 1): Failpoint {
  return { step, moment, passage };
}

/** One death for each moment of a step. */
function around(
  step: Failpoint['step'],
  rest: Omit<Death, 'name' | 'deaths'> & { passage?: number; first?: readonly Failpoint[] } = {},
): Death[] {
  const { passage = 1, first = [], ...others } = rest;
  return MOMENTS.map((moment) => ({ name: `${step} ${moment}`, deaths: [...first, at(step, moment, passage)], ...others }));
}

/** A permit was taken and its request never left: what the next worker has to prove. */
const NOTHING_SENT = at('execute', 'before', 2);
const SILENT_GATEWAY = { foreignOperator: undefined };

const SENDING: Death[] = [
  ...around('claim', { passage: 2 }),
  ...around('permit', { passage: 2 }),
  ...around('execute', { passage: 2 }),
  ...around('accept', { passage: 2 }),
  ...around('notSent', { lateExecutes: [2] }),
  ...around('lost', { simulator: { faults: { loseExecutes: [2] } } }),
];

const JUDGING: Death[] = [
  ...around('savePolls', { simulator: { faults: { loseExecutes: [2] } } }),
  ...around('adopt', { simulator: { faults: { loseExecutes: [2] } } }),
  ...around('provedNotExecuted', { first: [NOTHING_SENT] }),
  // The last execution, and an index in which nothing newer ever appears: nobody can say whether it ran.
  ...around('giveUp', { first: [at('execute', 'before', 3)], simulator: SILENT_GATEWAY, unverified: 10 }),
  {
    name: 'two sends, neither proved nor found',
    assets: 10,
    deaths: [at('execute', 'before'), at('execute', 'before')],
    unverified: 10,
  },
];

const WATCHING: Death[] = [
  ...around('setJob'),
  ...around('recordAll', { passage: 2 }),
  ...around('recordAll', { passage: 2, retryFailed: 1, simulator: { failAttempts: 1 } }).map((death) => ({
    ...death,
    name: `${death.name}, with a retry`,
  })),
  ...around('store'),
  { name: 'a watch that has said nothing', deaths: [at('setNextPoll', 'after', 2)] },
  { name: 'a dispatch that has said nothing', deaths: [at('setBlocked', 'after')] },
];

const OPENING_AND_CLOSING: Death[] = [
  { name: 'open after', deaths: [at('open', 'after')] },
  ...around('add'),
  ...around('freeze'),
  ...around('carryOut'),
  { name: 'releaseClaimed after', deaths: [at('releaseClaimed', 'after')] },
  ...around('closeOpen'),
  ...around('close'),
];

/** Sixty assets: thirty have the tag, 25 are named beside it, five go by ids alone. */
const TAG = 500;
const TAGGED = { id: TAG, name: 'tagged', modulo: 2, remainder: 0 };
const BY_TAGS: Pick<Death, 'request' | 'simulator'> = {
  request: { strategy: 'tags', targets: { assetTagIds: [TAG], assetIds: assetIds(60) } },
  simulator: { tags: [TAGGED], failAssets: [FIRST_ASSET, FIRST_ASSET + 7] },
};
/** One of the five. */
const ANOTHER = FIRST_ASSET + 59;
const drift = (simulator: Simulator): void => simulator.state.retag(ANOTHER, TAG, true);

const TAGS: Death[] = [
  ...around('planned.begin', BY_TAGS),
  ...around('planned.store', BY_TAGS),
  ...around('claim', BY_TAGS),
  ...around('leaseMembers', BY_TAGS),
  { name: 'setTagsRead before', deaths: [at('setTagsRead', 'before')], ...BY_TAGS },
  { name: 'setTagsRead after', deaths: [at('setTagsRead', 'after')], ...BY_TAGS },
  ...around('permit', BY_TAGS),
  ...around('execute', BY_TAGS),
  ...around('accept', BY_TAGS),
  ...around('lost', { ...BY_TAGS, simulator: { ...BY_TAGS.simulator, faults: { loseExecutes: [1] } } }),
  ...around('adopt', { ...BY_TAGS, simulator: { ...BY_TAGS.simulator, faults: { loseExecutes: [1] } } }),
  // The tag is given to an asset that the plan sends by id: the plan's execution goes by ids, too.
  ...around('fallBackToIds', { ...BY_TAGS, first: [at('leaseMembers', 'before')], meanwhile: drift }),
  // The same in the moment of the send: the asset is hit with the tag, and must not be hit by its id.
  ...around('claimUnplannedHits', { ...BY_TAGS, rest: at('execute', 'before'), meanwhile: drift }),
].map((death) => ({ ...death, name: `by tags: ${death.name}` }));

const ZOMBIES: Death[] = [
  { name: 'zombie before its claim', deaths: [at('claim', 'before', 2)], zombie: 'until-finished' },
  { name: 'zombie before its permit', deaths: [at('permit', 'before', 2)], zombie: 'until-finished' },
  // It holds the ledger's write lock, so nobody can do anything before it goes on.
  { name: 'zombie inside its permit', deaths: [at('permit', 'uncommitted', 2)], zombie: 'until-timed-out' },
  { name: 'zombie with a permit', deaths: [at('permit', 'after', 2)], zombie: 'until-finished' },
  { name: 'zombie with a permit, taken over', deaths: [at('permit', 'after', 2)], zombie: 'until-taken-over' },
  { name: 'zombie at the socket', deaths: [at('execute', 'before', 2)], zombie: 'until-finished' },
  { name: 'zombie with an answer', deaths: [at('execute', 'after', 2)], zombie: 'until-finished' },
  { name: 'zombie with a proof', deaths: [NOTHING_SENT, at('provedNotExecuted', 'before')], zombie: 'until-finished' },
  {
    name: 'zombie that adopts',
    deaths: [at('adopt', 'before')],
    zombie: 'until-finished',
    simulator: { faults: { loseExecutes: [2] } },
  },
  { name: 'zombie with a verdict', deaths: [at('recordAll', 'before', 2)], zombie: 'until-finished' },
];

export const DEATHS: readonly Death[] = [...SENDING, ...JUDGING, ...WATCHING, ...OPENING_AND_CLOSING, ...TAGS, ...ZOMBIES];

/**
 * Those that every run of the tests plays: one for each way in which an effect and its record can come apart, and none that waits for a
 * minute.
 */
export const SHORT_DEATHS: readonly Death[] = DEATHS.filter(({ name }) =>
  [
    'permit uncommitted',
    'permit after',
    'execute uncommitted',
    'accept uncommitted',
    'accept after',
    'adopt after',
    'recordAll uncommitted, with a retry',
    'zombie with a permit, taken over',
    'by tags: permit after',
    'by tags: claimUnplannedHits uncommitted',
  ].includes(name),
);
