import { sqliteLedgers } from '../../../../test/support/ledger/sqlite.js';
import { describeLedger } from '../../conformance/ledgers.js';
import { lateSuite } from '../../conformance/runs/late.js';

describeLedger(sqliteLedgers(), {
  'late words': lateSuite,
});
