import { sqliteLedgers } from '../../../../test/support/ledger/sqlite.js';
import { copiesSuite } from '../../conformance/executions/copies.js';
import { outOfCohortCopiesSuite } from '../../conformance/executions/out-of-cohort-copies.js';
import { describeLedger } from '../../conformance/ledgers.js';

describeLedger(sqliteLedgers(), {
  copies: copiesSuite,
  'copies outside of a cohort': outOfCohortCopiesSuite,
});
