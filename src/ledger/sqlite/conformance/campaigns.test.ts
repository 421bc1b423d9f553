import { sqliteLedgers } from '../../../../test/support/ledger/sqlite.js';
import { checkInsSuite } from '../../conformance/campaigns/check-ins.js';
import { mergeSuite } from '../../conformance/campaigns/merge.js';
import { campaignSnapshotSuite } from '../../conformance/campaigns/snapshot.js';
import { stepRulesSuite } from '../../conformance/campaigns/step-rules.js';
import { campaignViewSuite } from '../../conformance/campaigns/view.js';
import { describeLedger } from '../../conformance/ledgers.js';

describeLedger(sqliteLedgers(), {
  'waves and steps': mergeSuite,
  'what the steps mean': stepRulesSuite,
  'what a step waits for': checkInsSuite,
  'snapshot of a campaign': campaignSnapshotSuite,
  'view of a campaign': campaignViewSuite,
});
