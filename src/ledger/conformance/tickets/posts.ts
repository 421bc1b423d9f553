import { describe, expect, test } from '@jest/globals';
import { add, overwrite, rewriteRun } from '../../../../test/support/ledger/damage.js';
import { ledgerOf } from '../../../../test/support/ledger/inspector.js';
import { assetIds, openRun, settableMachine } from '../../../../test/support/ledger/ledger.js';
import { finish, makeCampaign, makeStep } from '../../../../test/support/ledger/scenario.js';
import { notingDatabase } from '../../../../test/support/noting-database.js';
import type { Ledger } from '../../index.js';
import type { Database } from '../../sql/database.js';
import { type TicketPost, TicketPosts } from '../../tickets/posts.js';
import type { Ledgers } from '../ledgers.js';

const TICKET = { hook: 'snow', system: 'servicenow', id: 'CHG1' };
const ME = 'me';

const nameOf = (post: TicketPost | undefined) => post && `${post.runId} ${post.kind} ${post.key}`;

export function ticketPostsSuite(ledgers: Ledgers): void {
  async function opened() {
    const machine = settableMachine();
    const ledger = await ledgers.open({ clocks: machine.clocks });
    await openRun(ledger, 'r', assetIds(2), { ticket: TICKET });
    const pass = (ms: number) => {
      machine.realMs += ms;
    };
    /** The next post, which is written at once. */
    const written = async () => {
      await ledger.ticketPosts.noteMilestones();
      const post = await ledger.ticketPosts.take(ME);
      if (!post) return undefined;
      if (!post.mayBeThere) expect(await ledger.ticketPosts.begin(post, ME)).toBe(true);
      await ledger.ticketPosts.done(post, ME);
      return nameOf(post);
    };
    return { ledger, pass, written };
  }

  async function closed(ledger: Ledger, runId: string): Promise<void> {
    await ledger.runs.close(runId, ({ counts }) => ({ runId, status: 'partial', counts }) as never);
  }

  describe('what is to be written into a ticket', () => {
    test('is each milestone once, then the report, then the move, half a minute apart', async () => {
      const { ledger, pass, written } = await opened();
      expect(await written()).toBe('r status 1-running');
      pass(31_000);
      expect(await written()).toBeUndefined();
      await closed(ledger, 'r');
      expect(await written()).toBe('r status 2-finished');
      for (const next of ['r report 0', 'r move 0', undefined]) {
        pass(29_000);
        expect(await written()).toBeUndefined();
        pass(2_000);
        expect(await written()).toBe(next);
      }
      expect(await ledgerOf(ledger).columns('runs', ['ticketTold'])).toEqual([{ ticketTold: 1 }]);
    });

    test('of milestones that come faster than that, the last', async () => {
      const { ledger, pass, written } = await opened();
      expect(await written()).toBe('r status 1-running');
      for (const paused of [true, false, true]) {
        await ledger.runs.setPaused('r', paused);
        await ledger.ticketPosts.noteMilestones();
      }
      await closed(ledger, 'r');
      pass(31_000);
      expect(await written()).toBe('r status 2-finished');
    });

    test('nothing where a pause was over before it was told', async () => {
      const { ledger, pass, written } = await opened();
      expect(await written()).toBe('r status 1-running');
      await ledger.runs.setPaused('r', true);
      await ledger.ticketPosts.noteMilestones();
      await ledger.runs.setPaused('r', false);
      pass(31_000);
      expect(await written()).toBeUndefined();
      await ledger.runs.setPaused('r', true);
      expect(await written()).toBe('r status 2-paused');
    });

    test('once, also where another worker has written it since this one looked', async () => {
      const { ledger, pass, written } = await opened();
      let meanwhile: string | undefined;
      const slow: Database = {
        ...notingDatabase(ledger.database, () => undefined),
        async all<Row>(statement: string, parameters?: Parameters<Database['all']>[1]) {
          const rows = await ledger.database.all<Row>(statement, parameters);
          meanwhile ??= await written();
          return rows;
        },
      };
      await new TicketPosts(slow).noteMilestones();
      expect(meanwhile).toBe('r status 1-running');
      pass(31_000);
      expect(await written()).toBeUndefined();
    });

    test('a run that ended before it began says so, and has no report', async () => {
      const { ledger, pass, written } = await opened();
      await ledger.runs.abandon('r');
      expect(await written()).toBe('r status 1-refused');
      pass(31_000);
      expect(await written()).toBe('r move 0');
    });

    test('of a campaign a wave at a time, and nothing of its steps', async () => {
      const { ledger, pass, written } = await opened();
      await openRun(ledger, 's', assetIds(1, 8), { ticket: TICKET });
      await makeCampaign(ledger, 'r');
      await makeStep(ledger, 's', { campaignId: 'r', step: 'remediate' });
      for (const waveNo of [1, 2, 3])
        await add(ledger, 'waves', { campaignId: 'r', waveNo, name: `w${waveNo}`, size: 1, status: 'waiting' });
      const set = (waveNo: number, status: string) => overwrite(ledger, 'waves', { waveNo }, { status });
      const seen: unknown[] = [await written()];
      for (const [no, status] of [
        ...[[1, 'running'] as const, [1, 'succeeded'] as const, [2, 'awaiting-approval'] as const],
        ...[[2, 'running'] as const, [2, 'awaiting-decision'] as const, [2, 'partial'] as const, [3, 'failed'] as const],
      ]) {
        pass(31_000);
        await set(no, status);
        seen.push(await written());
      }
      expect(seen).toEqual([
        ...['r status 1-running', undefined, 'r status 2-waves-done-1', 'r status 3-wave-2-approval', 'r status 4-wave-2-on'],
        ...['r status 5-wave-2-decision', 'r status 6-waves-done-2', undefined],
      ]);
    });

    test('a second look at a run moves no ticket', async () => {
      const { ledger, pass, written } = await opened();
      await rewriteRun(ledger, { parentId: 'p' });
      await closed(ledger, 'r');
      expect(await written()).toBe('r status 1-finished');
      pass(31_000);
      expect(await written()).toBe('r report 0');
      pass(31_000);
      expect(await written()).toBeUndefined();
    });

    test.each<[string, object | undefined]>([
      ['no ticket', undefined],
      ['a ticket without a hook', { system: 'servicenow', id: 'CHG1' }],
      ['a system without an API', { ...TICKET, system: 'standard' }],
    ])('nothing where the run has %s', async (_, ticket) => {
      const ledger = await ledgers.open();
      await openRun(ledger, 'r', assetIds(1), { ticket: ticket as typeof TICKET });
      await ledger.ticketPosts.noteMilestones();
      expect(await ledger.ticketPosts.say('r', { key: 'k', words: 'late' })).toBe(false);
      expect(await ledger.ticketPosts.take(ME)).toBeUndefined();
    });

    test('a sentence for people, once for each key', async () => {
      const { ledger, pass, written } = await opened();
      for (const words of ['late', 'late again']) expect(await ledger.ticketPosts.say('r', { key: 'stale-3', words })).toBe(true);
      expect([await written(), pass(31_000), await written(), pass(31_000), await written()]).toEqual(
        expect.arrayContaining(['r line stale-3', 'r status 1-running', undefined]),
      );
      expect(await ledger.ticketPosts.say('nobody', { key: 'k', words: 'late' })).toBe(false);
    });
  });

  describe('who writes into a ticket', () => {
    test('is one at a time, by its turn, which ends by itself', async () => {
      const { ledger, pass } = await opened();
      await openRun(ledger, 'other', assetIds(2, 8), { ticket: TICKET });
      await ledger.ticketPosts.noteMilestones();
      const post = await ledger.ticketPosts.take(ME);
      expect(await ledger.ticketPosts.take('you')).toBeUndefined();
      pass(121_000);
      expect(nameOf(await ledger.ticketPosts.take('you'))).toBe(nameOf(post));
      // Whoever was held up for so long writes nothing behind the other's back.
      if (post) expect(await ledger.ticketPosts.begin(post, ME)).toBe(false);
      if (post) expect(await ledger.ticketPosts.begin(post, 'you')).toBe(true);
    });

    test('does not write what is overtaken between its text and its write', async () => {
      const { ledger } = await opened();
      await ledger.ticketPosts.noteMilestones();
      const post = await ledger.ticketPosts.take(ME);
      await closed(ledger, 'r');
      await ledger.ticketPosts.noteMilestones();
      if (!post) throw new Error('nothing due');
      expect(await ledger.ticketPosts.begin(post, ME)).toBe(false);
      await ledger.ticketPosts.wait(post, ME, 0);
      expect(nameOf(await ledger.ticketPosts.take(ME))).toBe('r status 1-finished');
    });

    test('finds what a crash has left as one that may be there, and what is newer beside it', async () => {
      const { ledger, pass } = await opened();
      await ledger.ticketPosts.noteMilestones();
      const post = await ledger.ticketPosts.take(ME);
      if (post) await ledger.ticketPosts.begin(post, ME);
      await closed(ledger, 'r');
      await ledger.ticketPosts.noteMilestones();
      pass(49_000);
      expect(await ledger.ticketPosts.take('you')).toBeUndefined();
      pass(72_000);
      const left = await ledger.ticketPosts.take('you');
      expect([nameOf(left), left?.mayBeThere, left?.isOvertaken]).toEqual(['r status 1-running', true, true]);
      if (left) await ledger.ticketPosts.done(left, 'you');
      const next = await ledger.ticketPosts.take('you');
      expect([nameOf(next), next?.mayBeThere, next?.isOvertaken]).toEqual(['r status 2-finished', false, false]);
    });

    test('waits as long as it was asked to; a report that is refused holds the move back for five times', async () => {
      const { ledger, pass, written } = await opened();
      await closed(ledger, 'r');
      expect(await written()).toBe('r status 1-finished');
      for (let failure = 1; failure <= 5; failure += 1) {
        pass(61_000);
        const post = await ledger.ticketPosts.take(ME);
        expect(nameOf(post)).toBe('r report 0');
        if (post) await ledger.ticketPosts.again(post, ME, { inMs: 60_000, trouble: 'answered 413', sent: false });
        pass(59_000);
        if (failure < 5) expect(await ledger.ticketPosts.take(ME)).toBeUndefined();
      }
      expect(await written()).toBe('r move 0');
      pass(31_000);
      const report = await ledger.ticketPosts.take(ME);
      expect(report).toMatchObject({ kind: 'report', failures: 5, mayBeThere: false });
      if (report) await ledger.ticketPosts.giveUp(report, ME, 'answered 413 for 7 days');
      expect(await ledger.audit.of('r')).toContainEqual(expect.objectContaining({ action: 'ticket-given-up' }));
    });

    test('keeps the entry that is edited until it is gone', async () => {
      const { ledger, pass } = await opened();
      await ledger.ticketPosts.noteMilestones();
      const first = await ledger.ticketPosts.take(ME);
      if (first) await ledger.ticketPosts.done(first, ME, { entry: '10042' });
      await finish(ledger, { id: 'r' });
      pass(31_000);
      await ledger.ticketPosts.noteMilestones();
      const second = await ledger.ticketPosts.take(ME);
      expect(second?.entry).toBe('10042');
      if (second) await ledger.ticketPosts.again(second, ME, { inMs: 0, trouble: 'gone', entry: null });
      expect((await ledger.ticketPosts.take(ME))?.entry).toBeUndefined();
    });
  });
}
