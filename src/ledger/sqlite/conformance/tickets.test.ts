import { sqliteLedgers } from '../../../../test/support/ledger/sqlite.js';
import { describeLedger } from '../../conformance/ledgers.js';
import { authorisedSuite } from '../../conformance/tickets/authorised.js';
import { ticketPostsSuite } from '../../conformance/tickets/posts.js';

describeLedger(sqliteLedgers(), { 'posts on tickets': ticketPostsSuite, 'runs of tickets': authorisedSuite });
