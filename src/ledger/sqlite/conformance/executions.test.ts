import { sqliteLedgers } from '../../../../test/support/ledger/sqlite.js';
import { leasesSuite } from '../../conformance/executions/leases.js';
import { executionsSuite } from '../../conformance/executions/registry.js';
import { verdictsSuite } from '../../conformance/executions/verdicts.js';
import { describeLedger } from '../../conformance/ledgers.js';

describeLedger(sqliteLedgers(), {
  executions: executionsSuite,
  leases: leasesSuite,
  verdicts: verdictsSuite,
});
