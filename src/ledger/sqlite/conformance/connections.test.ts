import { sqliteLedgers } from '../../../../test/support/ledger/sqlite.js';
import { clockSuite } from '../../conformance/connections/clock.js';
import { racesSuite } from '../../conformance/connections/races.js';
import { restartSuite } from '../../conformance/connections/restart.js';
import { describeLedger } from '../../conformance/ledgers.js';

describeLedger(sqliteLedgers(), {
  restart: restartSuite,
  races: racesSuite,
  clocks: clockSuite,
});
