// Ledgers that are broken on purpose, each under the suite that has to notice. `conformance.test.ts` runs this file in a Jest of its own,
// and reads which tests failed; over a ledger that is whole, none may.
import { misstate, remove, thaw, throwSwitchByHand } from '../../../test/support/ledger/damage.js';
import { find } from '../../../test/support/ledger/scenario.js';
import { sqliteLedgers } from '../../../test/support/ledger/sqlite.js';
import type { Ledger } from '../index.js';
import { cohortSuite } from './cohort.js';
import { restartSuite } from './connections/restart.js';
import { executionsSuite } from './executions/registry.js';
import { describeLedger, type LedgerKind, type Suite } from './ledgers.js';
import { callsSuite } from './limits/calls.js';
import { killSwitchSuite } from './runs/kill-switch.js';

/** Before each call of this method the ledger is spoilt. */
interface Sabotage {
  part: 'executions' | 'calls' | 'cohort';
  method: string;
  spoil(ledger: Ledger): Promise<unknown>;
  suite: Suite;
}

const SABOTAGED: Record<string, Sabotage> = {
  'the lease is not unique': {
    ...{ part: 'executions', method: 'claim', suite: executionsSuite },
    spoil: (ledger) => find(ledger, { lease: null }, { lease: 1 }),
  },
  'a permit is granted twice': {
    ...{ part: 'executions', method: 'permit', suite: restartSuite },
    spoil: (ledger) => misstate(ledger, { state: 'claimed', sends: 0 }, { state: 'permitted' }),
  },
  'the kill switch is overlooked': {
    ...{ part: 'executions', method: 'permit', suite: killSwitchSuite },
    spoil: (ledger) => throwSwitchByHand(ledger, { halted: 0 }),
  },
  'calls are forgotten': { ...{ part: 'calls', method: 'enter', suite: callsSuite }, spoil: (ledger) => remove(ledger, 'calls') },
  'a frozen cohort takes in more': {
    ...{ part: 'cohort', method: 'add', suite: cohortSuite },
    spoil: (ledger) => thaw(ledger, 'r'),
  },
};

/** The same ledger, but for that method. */
function sabotage(ledger: Ledger, { part, method, spoil }: Sabotage): Ledger {
  const spoilt = new Proxy(ledger[part], {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return async (...asked: unknown[]) => {
        if (name === method) await spoil(ledger);
        return value.apply(target, asked);
      };
    },
  });
  return { ...ledger, [part]: spoilt };
}

for (const [name, sabotaged] of Object.entries(SABOTAGED)) {
  const whole = sqliteLedgers();
  const broken: LedgerKind = { ...whole, open: async (options) => sabotage(await whole.open(options), sabotaged) };
  describeLedger({ ...broken, name: `sabotaged: ${name}` }, { suite: sabotaged.suite });
}
// By the same way, and not spoilt: what fails above fails because of the sabotage.
const harmless: Sabotage = { part: 'executions', method: 'permit', spoil: async () => undefined, suite: executionsSuite };
const control = sqliteLedgers();
describeLedger(
  { ...control, name: 'whole', open: async (options) => sabotage(await control.open(options), harmless) },
  { executions: executionsSuite, restart: restartSuite, 'kill switch': killSwitchSuite, calls: callsSuite, cohort: cohortSuite },
);
