import { sqliteLedgers } from '../../../../test/support/ledger/sqlite.js';
import { describeLedger } from '../../conformance/ledgers.js';
import { inFlightSuite } from '../../conformance/runs/in-flight.js';
import { killSwitchSuite } from '../../conformance/runs/kill-switch.js';
import { ordersSuite } from '../../conformance/runs/orders.js';
import { outputsSuite } from '../../conformance/runs/outputs.js';
import { runsSuite } from '../../conformance/runs/registry.js';
import { rememberedSuite } from '../../conformance/runs/remembered.js';
import { staleLedgerSuite } from '../../conformance/runs/stale-ledger.js';

describeLedger(sqliteLedgers(), {
  runs: runsSuite,
  'in flight': inFlightSuite,
  'kill switch': killSwitchSuite,
  orders: ordersSuite,
  outputs: outputsSuite,
  'stale ledger': staleLedgerSuite,
  'what is remembered': rememberedSuite,
});
