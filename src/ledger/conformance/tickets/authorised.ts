import { describe, expect, test } from '@jest/globals';
import type { TicketStart } from '../../../domain/run/ticket-start.js';
import type { Ledger } from '../../index.js';
import type { Ledgers } from '../ledgers.js';

const REQUEST = { script: '7', maxInFlight: 4, deadline: 60_000 } as never;

const open = (ledger: Ledger, id: string, ticketStart?: TicketStart, execution = 'e') =>
  ledger.runs.open({ id, firstExecutionId: execution, namespace: 'n', request: REQUEST, ticketStart });

const COUNTED: TicketStart = { counted: true };
const FOUND: TicketStart = { counted: true, found: true, single: true };

export function authorisedSuite(ledgers: Ledgers): void {
  describe('one authorisation of a ticket is one run', () => {
    test('of counted updates only a higher one is another, whichever comes first', async () => {
      const ledger = await ledgers.open();
      expect(await open(ledger, 'snow/CHG1/7', COUNTED)).toBe('new');
      expect(await open(ledger, 'snow/CHG1/5', COUNTED)).toEqual({ rival: 'snow/CHG1/7' });
      expect(await open(ledger, 'snow/CHG1/07', COUNTED)).toEqual({ rival: 'snow/CHG1/7' });
      expect(await open(ledger, 'snow/CHG1/10', COUNTED)).toBe('new');
      expect(await open(ledger, 'snow/CHG1/9', COUNTED)).toEqual({ rival: 'snow/CHG1/10' });
      // What was refused is asked again by a retry, and refused again; what was taken is the same run.
      expect(await open(ledger, 'snow/CHG1/7', COUNTED)).toBe('same');
      expect(await open(ledger, 'snow/CHG1/7', COUNTED, 'other')).toBe('already-run');
      expect(await ledger.ticketRuns.of('snow/CHG1/')).toEqual(['snow/CHG1/10', 'snow/CHG1/7']);
    });

    test('what was found begins only where the ticket has had no run', async () => {
      const ledger = await ledgers.open();
      expect(await open(ledger, 'snow/CHG1/5', COUNTED)).toBe('new');
      expect(await open(ledger, 'snow/CHG1/9', FOUND)).toEqual({ rival: 'snow/CHG1/5' });
      expect(await open(ledger, 'snow/CHG2/9', FOUND)).toBe('new');
      expect(await open(ledger, 'snow/CHG2/9', FOUND)).toBe('same');
      expect(await open(ledger, 'snow/CHG2/8', COUNTED)).toEqual({ rival: 'snow/CHG2/9' });
      expect(await open(ledger, 'snow/CHG2/11', COUNTED)).toBe('new');
    });

    test('of two at once one begins', async () => {
      const ledger = await ledgers.open();
      const opened = await Promise.all([open(ledger, 'snow/CHG1/3', COUNTED), open(ledger, 'snow/CHG1/4', FOUND)]);
      expect(opened.filter((one) => one === 'new').length).toBe(1);
    });

    test('runs of other tickets, what follows from a run, and names are nobody’s rivals', async () => {
      const ledger = await ledgers.open();
      for (const id of ['snow/CHG10/9', 'snow/CHG1', 'snow/CHG1/5/recheck', 'snow/CHG1x/9', 'other/CHG1/9']) await open(ledger, id);
      expect(await open(ledger, 'snow/CHG1/5', COUNTED)).toBe('new');
      expect(await open(ledger, 'jira/OPS-7/100', { found: true })).toBe('new');
      expect(await open(ledger, 'jira/OPS-7/90', { found: true })).toBe('new');
    });
  });
}
