import { sqliteLedgers } from '../../../../test/support/ledger/sqlite.js';
import { cohortSuite } from '../../conformance/cohort.js';
import { describeLedger } from '../../conformance/ledgers.js';
import { tagsSuite } from '../../conformance/tags.js';

describeLedger(sqliteLedgers(), {
  cohort: cohortSuite,
  tags: tagsSuite,
});
