import { describe, expect, test } from '@jest/globals';
import { assetIds, openRun, TERMS } from '../../../../test/support/ledger/ledger.js';
import { age, makeStep } from '../../../../test/support/ledger/scenario.js';
import type { Ledger } from '../../index.js';
import { whyTicketUnread } from '../../policy/ticket-reading.js';
import type { Ledgers } from '../ledgers.js';

const TICKET = { hook: 'snow', system: 'servicenow', id: 'CHG1' };

async function opened(ledger: Ledger, runId: string, ticket: object = TICKET): Promise<number> {
  return openRun(ledger, runId, assetIds(2), { ticket: ticket as typeof TICKET });
}

/** What the next permit of the run is refused for, or `granted`, which is taken back. */
async function asked(ledger: Ledger, runId: string, fence: number): Promise<string> {
  const [claimed] = await ledger.executions.inState(runId, ['claimed']);
  const { executionNo } = claimed ?? (await ledger.executions.claim(runId, fence)) ?? { executionNo: 0 };
  const answer = await ledger.executions.permit(runId, executionNo, { fence, terms: TERMS });
  if (answer.kind === 'refused') return answer.why;
  await ledger.executions.notSent(runId, executionNo, { permit: answer.permit, why: 'not-sent', detail: 'for the test' });
  return 'granted';
}

const readTicket = async (ledger: Ledger, runId: string) => ledger.ticketReadings.end(runId, await ledger.ticketReadings.begin());

async function whyUnread(ledger: Ledger, runId: string): Promise<string | undefined> {
  const run = await ledger.runs.get(runId);
  if (!run) throw new Error(`no run ${runId}`);
  return whyTicketUnread(ledger.database, run, await ledger.database.now());
}

export function ticketReadingSuite(ledgers: Ledgers): void {
  describe('the first execution of a run that a ticket started needs a reading of the ticket', () => {
    test('within the minute before, for as long as nothing was sent', async () => {
      const ledger = await ledgers.open();
      const fence = await opened(ledger, 'r');
      expect(await asked(ledger, 'r', fence)).toBe('ticket');
      await readTicket(ledger, 'r');
      expect(await asked(ledger, 'r', fence)).toBe('granted');
      // The permit was not used: nothing was executed yet.
      await age(ledger, 60_000, { of: ['ticketCheckedAt'] });
      expect(await asked(ledger, 'r', fence)).toBe('ticket');
      await age(ledger, -120_000, { of: ['ticketCheckedAt'] });
      expect(await asked(ledger, 'r', fence)).toBe('ticket');
      // A reading of the future, by a clock that was set back since, is replaced by the next.
      await readTicket(ledger, 'r');
      expect(await asked(ledger, 'r', fence)).toBe('granted');
    });

    test('and none once something was, or may have been', async () => {
      const ledger = await ledgers.open();
      const fence = await opened(ledger, 'r');
      await readTicket(ledger, 'r');
      const first = await ledger.executions.claim('r', fence);
      const permit = await ledger.executions.permit('r', first?.executionNo ?? 0, { fence, terms: TERMS });
      expect(permit.kind).toBe('granted');
      await age(ledger, 60_000, { of: ['ticketCheckedAt'] });
      expect(await whyUnread(ledger, 'r')).toBeUndefined();
    });

    test('of a campaign, once one of its steps has sent', async () => {
      const ledger = await ledgers.open();
      const [one, two] = [await opened(ledger, 'one'), await openRun(ledger, 'two', assetIds(2, 5), { ticket: TICKET })];
      await openRun(ledger, 'c', assetIds(1, 9));
      await makeStep(ledger, 'one', { campaignId: 'c', step: 'assess' });
      await makeStep(ledger, 'two', { campaignId: 'c', step: 'remediate' });
      expect([await asked(ledger, 'one', one), await asked(ledger, 'two', two)]).toEqual(['ticket', 'ticket']);
      await readTicket(ledger, 'one');
      const [first] = await ledger.executions.inState('one', ['claimed']);
      const permit = await ledger.executions.permit('one', first?.executionNo ?? 0, { fence: one, terms: TERMS });
      expect(permit.kind).toBe('granted');
      // Only one execution of a script is on its way at a time: that is what it waits for now.
      expect(await asked(ledger, 'two', two)).toBe('serialised');
      expect(await whyUnread(ledger, 'two')).toBeUndefined();
    });

    test.each<[string, object]>([
      ['that nobody started by a hook', { system: 'servicenow', id: 'CHG1' }],
      ['of a system without an API', { ...TICKET, system: 'standard' }],
    ])('but a ticket %s does not', async (_, ticket) => {
      const ledger = await ledgers.open();
      const fence = await opened(ledger, 'r', ticket);
      expect(await asked(ledger, 'r', fence)).toBe('granted');
    });
  });
}
