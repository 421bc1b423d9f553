import { sqliteLedgers } from '../../../../test/support/ledger/sqlite.js';
import { describeLedger } from '../../conformance/ledgers.js';
import { closingSuite } from '../../conformance/runs/closing.js';

describeLedger(sqliteLedgers(), {
  closing: closingSuite,
});
