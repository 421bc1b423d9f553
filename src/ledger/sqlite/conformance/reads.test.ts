import { sqliteLedgers } from '../../../../test/support/ledger/sqlite.js';
import { describeLedger } from '../../conformance/ledgers.js';
import { readsSuite } from '../../conformance/reads.js';

describeLedger(sqliteLedgers(), {
  reads: readsSuite,
});
