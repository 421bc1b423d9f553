import { sqliteLedgers } from '../../../../test/support/ledger/sqlite.js';
import { describeLedger } from '../../conformance/ledgers.js';
import { callsSuite } from '../../conformance/limits/calls.js';
import { fairSharesSuite } from '../../conformance/limits/fair-shares.js';

describeLedger(sqliteLedgers(), {
  calls: callsSuite,
  'fair shares': fairSharesSuite,
});
