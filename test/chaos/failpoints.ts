// Where a worker can be made to die: before a step, inside its transaction, or when its effect is there and nobody has been told.
import { AsyncLocalStorage } from 'node:async_hooks';
import type { ActivityDependencies } from '../../src/activities/dependencies.js';
import type { Qualys } from '../../src/qualys/types.js';

type Ledger = ActivityDependencies['ledger'];

/** The steps of a run that change something, by the part of the ledger that takes them. */
const STEPS = {
  open: 'runs',
  add: 'cohort',
  freeze: 'cohort',
  carryOut: 'orders',
  takeFence: 'runs',
  claim: 'executions',
  permit: 'executions',
  accept: 'executions',
  notSent: 'executions',
  lost: 'executions',
  savePolls: 'executions',
  adopt: 'executions',
  provedNotExecuted: 'executions',
  giveUp: 'executions',
  setJob: 'verdicts',
  recordAll: 'verdicts',
  store: 'outputs',
  setNextPoll: 'runs',
  setBlocked: 'runs',
  releaseClaimed: 'executions',
  closeOpen: 'verdicts',
  close: 'runs',
  hold: 'runs',
  leaseMembers: 'planned',
  setTagsRead: 'planned',
  fallBackToIds: 'planned',
  claimUnplannedHits: 'planned',
  register: 'campaigns',
  assignWaves: 'campaigns',
  fillStep: 'campaigns',
  setWave: 'campaigns',
  mergeWave: 'campaigns',
} as const satisfies Record<string, keyof Ledger>;

/** Those whose names another part of the ledger has, too. */
const NAMESAKES = {
  'planned.begin': ['planned', 'begin'],
  'planned.store': ['planned', 'store'],
  'campaigns.freeze': ['campaigns', 'freeze'],
  'checkIns.note': ['checkIns', 'note'],
  'checkIns.giveUp': ['checkIns', 'giveUp'],
} as const satisfies Record<string, readonly [keyof Ledger, string]>;

type LedgerStep = keyof typeof STEPS | keyof typeof NAMESAKES;

export interface Failpoint {
  step: LedgerStep | 'execute';
  /**
   * - `before`: nothing of the step is done. Of `execute`: the socket is open and nothing is written.
   * - `uncommitted`: in its transaction, with everything written but the COMMIT. Of `execute`: the request has left, its answer has not
   * come.
   * - `after`: it is done, and the code that called it has not heard of it.
   */
  moment: 'before' | 'uncommitted' | 'after';
  /** Which passage it is, from 1. A claim or a permit that was refused is none. */
  passage: number;
}

/** How long after the request has left a worker dies that dies before the answer: the gateway of these tests answers later than that. */
const UNANSWERED_MS = 60;

/** Makes `act` happen at the failpoint. The dependencies are changed in place: the parts of a ledger know each other. */
export function arm(dependencies: ActivityDependencies, { step, moment, passage }: Failpoint, act: () => void): void {
  let passages = 0;
  const pass = (): void => {
    passages += 1;
    if (passages === passage) act();
  };
  if (step === 'execute') armExecute(dependencies, moment, pass);
  else armLedger(dependencies, { step, moment }, pass);
}

/** Requests that come too late to start, by number, from 1: the one way not to send that needs no fault of the network. */
export function delayExecutes(dependencies: ActivityDependencies, late: readonly number[]): void {
  let asked = 0;
  replace(dependencies.qualys, 'execute', (execute) => (request) => {
    asked += 1;
    return execute(late.includes(asked) ? { ...request, mayStart: () => false } : request);
  });
}

/**
 * How many execute requests this worker has let begin. Counted at their sender: at the gateway one that a worker began before it died may
 * still arrive, and take effect, when the next worker is at work.
 */
export function countExecutes({ qualys }: ActivityDependencies): () => number {
  let begun = 0;
  replace(qualys, 'execute', (execute) => (request) => {
    const mayStart = (): boolean => {
      const may = request.mayStart();
      if (may) begun += 1;
      return may;
    };
    return execute({ ...request, mayStart });
  });
  return () => begun;
}

function armExecute({ qualys }: ActivityDependencies, moment: Failpoint['moment'], pass: () => void): void {
  replace(qualys, 'execute', (execute) => async (request) => {
    const answer = await execute({
      ...request,
      mayStart: () => {
        if (moment === 'before') pass();
        const may = request.mayStart();
        if (moment === 'uncommitted' && may) setTimeout(pass, UNANSWERED_MS);
        return may;
      },
    });
    if (moment === 'after' && answer.kind === 'accepted') pass();
    return answer;
  });
}

function armLedger({ ledger }: ActivityDependencies, at: { step: LedgerStep; moment: Failpoint['moment'] }, pass: () => void): void {
  const inside = new AsyncLocalStorage<true>();
  const [part, method] =
    at.step in NAMESAKES ? NAMESAKES[at.step as keyof typeof NAMESAKES] : [STEPS[at.step as keyof typeof STEPS], at.step];
  const owner = ledger[part] as unknown as Record<string, (...parameters: unknown[]) => Promise<unknown>>;
  replace(owner, method, (step) => async (...parameters) => {
    if (at.moment === 'before') pass();
    const result = await inside.run(true, () => step(...parameters));
    if (at.moment === 'after' && isPassage(result)) pass();
    return result;
  });
  if (at.moment !== 'uncommitted') return;
  const { database } = ledger;
  const transaction = database.transaction.bind(database);
  database.transaction = (work) => {
    if (inside.getStore() === undefined) return transaction(work);
    return transaction(async (sql) => {
      const result = await work(sql);
      if (isPassage(result)) pass();
      return result;
    });
  };
}

function isPassage(result: unknown): boolean {
  if (typeof result === 'object' && result !== null && 'kind' in result) return result.kind !== 'refused';
  return result !== false;
}

function replace<Owner extends Qualys | Record<string, unknown>, Name extends keyof Owner>(
  owner: Owner,
  name: Name,
  wrap: (method: Owner[Name]) => Owner[Name],
): void {
  const method = owner[name] as (...parameters: unknown[]) => unknown;
  owner[name] = wrap(method.bind(owner) as Owner[Name]);
}
