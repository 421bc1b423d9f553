import { sqliteLedgers } from '../../../../test/support/ledger/sqlite.js';
import { describeLedger } from '../../conformance/ledgers.js';
import { approvedPlanSuite } from '../../conformance/policy/approved-plan.js';
import { scriptReadingSuite } from '../../conformance/policy/script-reading.js';
import { ticketReadingSuite } from '../../conformance/policy/ticket-reading.js';
import { policyVersionsSuite } from '../../conformance/policy/versions.js';

describeLedger(sqliteLedgers(), {
  policy: policyVersionsSuite,
  'approved plan': approvedPlanSuite,
  'reading of the script': scriptReadingSuite,
  'reading of the ticket': ticketReadingSuite,
});
