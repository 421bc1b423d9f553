import { describe, expect, test } from '@jest/globals';
import { ledgerOf } from '../../../../test/support/ledger/inspector.js';
import { NO_CAPS, settableMachine } from '../../../../test/support/ledger/ledger.js';
import { giveScript } from '../../../../test/support/ledger/scenario.js';
import { ask as askOf, campaign, type Player, pass, ticket } from '../../../../test/support/product/shared-budget.js';
import type { Ledger } from '../../index.js';
import type { Ledgers } from '../ledgers.js';

/** A machine that needs a millisecond for a question and none for anything else: how fast this one works is not measured. */
const machine = settableMachine();
const ask: typeof askOf = (...asked) => {
  machine.realMs += 1;
  return askOf(...asked);
};
const HOUR = 3_600_000;
const MINUTE = 60_000;
type Rules = { intervalMs?: number; executionsPerDay?: number };

/** Turns taken while everybody asks in time: who has to let another go first asks again a quarter of a second later. */
const PROMPTLY_MS = 300;

/**
 * Everybody asks as often as they are told to, in the order in which they stand, until `grants` were given or nothing is left. Time goes
 * on by the shortest wait. Returns who was served, and how long after the one before, by the ledger's clock.
 */
async function play(ledger: Ledger, players: readonly Player[], { grants, ...rules }: Rules & { grants: number }) {
  const log: { runId: string; afterMs: number }[] = [];
  const wakeAt = new Map(players.map((player) => [player, 0]));
  let passedMs = 0;
  let lastAt = (await ledgerOf(ledger).rows('sends')).at(-1)?.permittedAt ?? 0;
  while (log.length < grants && wakeAt.size > 0) {
    for (const player of players) {
      if ((wakeAt.get(player) ?? Infinity) > passedMs) continue;
      const answer = await ask(ledger, player, rules);
      if (!answer) wakeAt.delete(player);
      else if (answer.kind === 'refused') wakeAt.set(player, passedMs + answer.waitMs);
      else {
        const at = answer.grantedAt + passedMs;
        log.push({ runId: player.runId, afterMs: at - lastAt });
        lastAt = at;
      }
    }
    const next = Math.min(...wakeAt.values());
    if (next > passedMs && Number.isFinite(next)) await pass(ledger, next - passedMs);
    passedMs = Math.max(passedMs, next);
  }
  return log;
}
const names = (log: readonly { runId: string }[]) => log.map(({ runId }) => runId.split('/')[0]).join(' ');
const day = (executionsPerDay: number): Rules => ({ executionsPerDay });

export function fairSharesSuite(ledgers: Ledgers): void {
  const open = (caps = NO_CAPS) => ledgers.open({ caps, clocks: machine.clocks });

  describe('the turns of a script with an interval', () => {
    const rules = { intervalMs: MINUTE };

    test('alternate between two campaigns, and are a ticket’s until it is done', async () => {
      const ledger = await open();
      const [a, b] = [await campaign(ledger, 'a', 20), await campaign(ledger, 'b', 20)];
      expect(names(await play(ledger, [a, b], { ...rules, grants: 4 }))).toBe('a b a b');
      const t = await ticket(ledger, 't', 3);
      const log = await play(ledger, [a, b, t], { ...rules, grants: 7 });
      expect(names(log)).toBe('t t t a b a b');
      // No turn is left idle but for the moment in which somebody asks who has to let another go first.
      expect(Math.max(...log.map(({ afterMs }) => afterMs))).toBeLessThanOrEqual(MINUTE + PROMPTLY_MS);
    });

    test('tell whoever waits who goes first, and when to ask again', async () => {
      const ledger = await open();
      const [a, t] = [await campaign(ledger, 'a', 2), await ticket(ledger, 't', 2)];
      await ask(ledger, a, rules);
      expect(await ask(ledger, t, rules)).toMatchObject({ why: 'interval', detail: "the script's execution interval has not passed" });
      await pass(ledger, MINUTE);
      expect(await ask(ledger, a, rules)).toEqual({
        kind: 'refused',
        why: 'interval',
        waitMs: 250,
        detail: 'the run t goes first: tickets come before campaigns; executions of one script run one after the other',
      });
      expect(await ask(ledger, t, rules)).toMatchObject({ kind: 'granted' });
    });

    test('do not wait for who does not come back: it has five seconds', async () => {
      const ledger = await open();
      const [a, b, t] = [await campaign(ledger, 'a', 9), await campaign(ledger, 'b', 9), await ticket(ledger, 't', 9)];
      await ask(ledger, a, rules);
      await ask(ledger, b, rules);
      await ask(ledger, t, rules);
      const [first] = await play(ledger, [a], { ...rules, grants: 1 });
      expect(first?.afterMs).toBeGreaterThanOrEqual(MINUTE + 5_000);
      expect(first?.afterMs).toBeLessThanOrEqual(MINUTE + 5_000 + PROMPTLY_MS);
      const log = await play(ledger, [a], { ...rules, grants: 3 });
      expect(Math.max(...log.map(({ afterMs }) => afterMs))).toBeLessThanOrEqual(MINUTE + PROMPTLY_MS);
    });

    test('do not wait for who is paused, nor for who was told to come later', async () => {
      const ledger = await open();
      const [a, t] = [await campaign(ledger, 'a', 9), await ticket(ledger, 't', 9)];
      await ask(ledger, a, rules);
      await ask(ledger, t, rules);
      await ledger.runs.setPaused('t', true);
      expect(await ask(ledger, t, rules)).toMatchObject({ why: 'paused' });
      await pass(ledger, MINUTE);
      expect(await ask(ledger, a, rules)).toMatchObject({ kind: 'granted' });
    });

    test('are one in ten a campaign’s while tickets want them all', async () => {
      const ledger = await open();
      const [a, t, u] = [await campaign(ledger, 'a', 9), await ticket(ledger, 't', 40), await ticket(ledger, 'u', 40)];
      const log = names(await play(ledger, [a, t, u], { ...rules, grants: 31 }));
      expect(log.split(' ').filter((id) => id === 'a')).toHaveLength(4);
      expect(log.startsWith('a t u t u t u t u t a u')).toBe(true);
    });

    test('go on where they were after a restart', async () => {
      const ledger = await open();
      const [a, b] = [await campaign(ledger, 'a', 9), await campaign(ledger, 'b', 9)];
      expect(names(await play(ledger, [a, b], { ...rules, grants: 3 }))).toBe('a b a');
      const again = await ledgers.again(ledger.url, { caps: NO_CAPS, clocks: machine.clocks });
      expect(names(await play(again, [a, b], { ...rules, grants: 3 }))).toBe('b a b');
    });
  });

  test('a script without an interval is not held up by turns among campaigns', async () => {
    const ledger = await open();
    const [a, b] = [await campaign(ledger, 'a', 9), await campaign(ledger, 'b', 9)];
    for (let round = 0; round < 3; round += 1) expect(await ask(ledger, a)).toMatchObject({ kind: 'granted' });
    expect(await ask(ledger, b)).toMatchObject({ kind: 'granted' });
  });

  describe('the executions of the day', () => {
    test('are left to a run that has them to send, and go on to campaigns when it is done', async () => {
      const ledger = await open();
      const [a, t] = [await campaign(ledger, 'a', 40), await ticket(ledger, 't', 3)];
      await play(ledger, [a], { ...day(20), grants: 15 });
      await ask(ledger, t, day(20));
      expect(await ask(ledger, a, day(20))).toMatchObject({ kind: 'granted' });
      expect(await ask(ledger, a, day(20))).toMatchObject({ kind: 'granted' });
      expect(await ask(ledger, a, day(20))).toEqual({
        kind: 'refused',
        why: 'daily-quota',
        waitMs: 5_000,
        detail: 'the run t goes first: tickets come before campaigns, and it has 2 to send; 2 of 20 executions left (rolling 24 h)',
      });
      expect(names(await play(ledger, [t, a], { ...day(20), grants: 2 }))).toBe('t t');
      expect(await ask(ledger, a, day(20))).toMatchObject({ detail: '20 of 20 executions used (rolling 24 h)' });
      await pass(ledger, 24 * HOUR);
      expect(await ask(ledger, a, day(20))).toMatchObject({ kind: 'granted' });
    });

    test.each<[string, (ledger: Ledger) => Promise<unknown>]>([
      ['is paused', (ledger) => ledger.runs.setPaused('t', true)],
      ['is stopped', (ledger) => ledger.runs.stop('t', 'cancelled', 'cancelled')],
      ['has ended', (ledger) => ledger.runs.abandon('t')],
      ['was not heard of for 20 minutes', (ledger) => pass(ledger, 21 * MINUTE)],
    ])('are not kept for a run that %s', async (_, happens) => {
      const ledger = await open();
      const [a, t] = [await campaign(ledger, 'a', 9), await ticket(ledger, 't', 9)];
      await ask(ledger, t, day(5));
      expect(await ask(ledger, a, day(5))).toMatchObject({ why: 'daily-quota' });
      await happens(ledger);
      expect(await ask(ledger, a, day(5))).toMatchObject({ kind: 'granted' });
    });

    test('stay kept for a run that is heard of by its calls while its slots are full', async () => {
      const ledger = await open();
      const [a, t] = [await campaign(ledger, 'a', 9), await ticket(ledger, 't', 9)];
      await ask(ledger, t, day(5));
      await pass(ledger, 15 * MINUTE);
      await ledger.calls.enter({ endpoint: 'asset-jobs', runId: 't', holdMs: 1 });
      await pass(ledger, 15 * MINUTE);
      expect(await ask(ledger, a, day(5))).toMatchObject({ why: 'daily-quota' });
    });

    test('that come back go to campaigns in turn, each in the moment it comes back', async () => {
      const ledger = await open();
      const [a, b] = [await campaign(ledger, 'a', 40), await campaign(ledger, 'b', 40)];
      for (let spent = 0; spent < 6; spent += 1) {
        await ask(ledger, a, day(6));
        await pass(ledger, HOUR);
      }
      const log = await play(ledger, [a, b], { ...day(6), grants: 6 });
      expect(names(log)).toBe('b a b a b a');
      expect(Math.max(...log.slice(1).map(({ afterMs }) => afterMs))).toBeLessThanOrEqual(HOUR + PROMPTLY_MS);
    });

    test('are not held up by one that is kept from its script', async () => {
      const ledger = await open();
      const [a, b] = [await campaign(ledger, 'a', 9), await campaign(ledger, 'b', 9)];
      await giveScript(ledger, b.runId, '8');
      await ask(ledger, a, { ...day(2), intervalMs: MINUTE });
      expect(await ask(ledger, a, { ...day(2), intervalMs: MINUTE })).toMatchObject({ why: 'interval' });
      expect(await ask(ledger, b, day(2))).toMatchObject({ kind: 'granted' });
    });
  });

  describe('calls', () => {
    const enter = (ledger: Ledger, runId?: string) => ledger.calls.enter({ endpoint: 'asset-jobs', runId, holdMs: 30_000 });
    async function call(ledger: Ledger, runId?: string): Promise<boolean> {
      const answer = await enter(ledger, runId);
      if (answer.kind === 'go') await ledger.calls.leave(answer.callId, undefined);
      return answer.kind === 'go';
    }

    test('of a campaign may fill the window where no run is live', async () => {
      const ledger = await open({ callsPerHour: 50, concurrency: 2 });
      const a = await campaign(ledger, 'a', 1);
      for (let sent = 0; sent < 50; sent += 1) expect(await call(ledger, a.runId)).toBe(true);
      expect(await enter(ledger, a.runId)).toMatchObject({ why: 'the cap of 50 calls per hour is used up' });
    });

    test('of a campaign leave a live run what it is likely to need, and no more once it has ended', async () => {
      const ledger = await open({ callsPerHour: 50, concurrency: 2 });
      const [a] = [await campaign(ledger, 'a', 1), await ticket(ledger, 't', 1)];
      expect(await call(ledger, 't')).toBe(true);
      for (let sent = 1; sent < 42; sent += 1) expect(await call(ledger, a.runId)).toBe(true);
      expect(await enter(ledger, a.runId)).toEqual({
        kind: 'wait',
        waitMs: 10_000,
        why: '8 are left, and campaigns leave 8 to the runs that are live (50 calls a window)',
      });
      for (let sent = 0; sent < 8; sent += 1) expect(await call(ledger, 't')).toBe(true);
      await pass(ledger, HOUR);
      for (let sent = 0; sent < 45; sent += 1) await call(ledger, a.runId);
      await call(ledger, 't');
      expect(await call(ledger, a.runId)).toBe(false);
      await ledger.runs.abandon('t');
      for (let sent = 0; sent < 4; sent += 1) expect(await call(ledger, a.runId)).toBe(true);
    });

    test('of a campaign let a waiting run have the place that comes free', async () => {
      const ledger = await open({ ...NO_CAPS, concurrency: 2 });
      const [a] = [await campaign(ledger, 'a', 1), await ticket(ledger, 't', 1)];
      const first = await enter(ledger, a.runId);
      await enter(ledger, a.runId);
      expect(await enter(ledger, 't')).toMatchObject({ kind: 'wait', waitMs: 100 });
      if (first.kind === 'go') await ledger.calls.leave(first.callId, undefined);
      expect(await enter(ledger, a.runId)).toEqual({
        kind: 'wait',
        waitMs: 100,
        why: 'the run t goes first: tickets come before campaigns (2 calls at once)',
      });
      expect(await enter(ledger, 't')).toMatchObject({ kind: 'go' });
      await pass(ledger, 30_000);
      expect(await enter(ledger, a.runId)).toMatchObject({ kind: 'go' });
    });

    test('that come back one at a time go to campaigns in turn, and at once to a person at a terminal', async () => {
      const ledger = await open({ callsPerHour: 4, concurrency: 2 });
      const [a, b] = [await campaign(ledger, 'a', 1), await campaign(ledger, 'b', 1)];
      for (let sent = 0; sent < 4; sent += 1) {
        await call(ledger, a.runId);
        await pass(ledger, MINUTE);
      }
      expect([await call(ledger, a.runId), await call(ledger, b.runId)]).toEqual([false, false]);
      await pass(ledger, 56 * MINUTE);
      expect([await call(ledger, a.runId), await call(ledger, b.runId), await call(ledger, a.runId)]).toEqual([false, true, false]);
      await pass(ledger, MINUTE);
      expect([await call(ledger, b.runId), await call(ledger, a.runId), await call(ledger, b.runId)]).toEqual([false, true, false]);
      await pass(ledger, MINUTE);
      expect(await call(ledger)).toBe(true);
    });
  });
}
