import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Contender, type ContenderRef, callsKept, mostCallsKept, TICKETS_IN_A_ROW, turnOf } from './fair-share.js';

const ticket = (id: string, more: Partial<Contender> = {}): Contender => ({ id, kind: 'ticket', asking: true, ...more });
const campaign = (id: string, more: Partial<Contender> = {}): Contender => ({ id, kind: 'campaign', asking: true, ...more });
const turn = (me: Contender, others: readonly Contender[], more: { free?: number; ticketStreak?: number; kept?: number } = {}) =>
  turnOf({ me, others, free: 1, ticketStreak: 0, ...more });
const GO = { kind: 'go' };

describe('a turn', () => {
  test('is everybody’s where nobody else asks', () => {
    expect(turn(campaign('c'), [])).toEqual(GO);
    expect(turn(campaign('c'), [campaign('d', { asking: false }), ticket('t', { asking: false })])).toEqual(GO);
    expect(turn(campaign('c', { servedAt: 9 }), [campaign('c')])).toEqual(GO);
  });

  test('is a ticket’s before it is a campaign’s', () => {
    expect(turn(ticket('t', { servedAt: 9 }), [campaign('c')])).toEqual(GO);
    expect(turn(campaign('c'), [ticket('t', { servedAt: 9, wants: 3 })])).toEqual({
      kind: 'wait',
      first: ticket('t', { servedAt: 9, wants: 3 }),
      why: 'the run t goes first: tickets come before campaigns, and it has 3 to send',
    });
  });

  test('is, among equals, that of the one served longest ago, or never', () => {
    const [early, late, never] = [campaign('a', { servedAt: 1 }), campaign('b', { servedAt: 2 }), campaign('z')];
    expect(turn(never, [early, late])).toEqual(GO);
    expect(turn(early, [late])).toEqual(GO);
    expect(turn(late, [early, never])).toMatchObject({ first: never, why: 'the campaign z goes first: it was served longer ago' });
    expect(turn(ticket('b', { servedAt: 2 }), [ticket('a', { servedAt: 1 })])).toMatchObject({
      why: 'the run a goes first: it was served longer ago',
    });
  });

  test('comes to as many as there are places', () => {
    const others = [campaign('a'), campaign('b')];
    expect(turn(campaign('c'), others, { free: 2 })).toMatchObject({ kind: 'wait' });
    expect(turn(campaign('c'), others, { free: 3 })).toEqual(GO);
  });

  test('leaves a run all that it has to send, also while it does not ask', () => {
    const busy = ticket('t', { asking: false, wants: 4 });
    expect(turn(campaign('c'), [busy], { free: 4 })).toMatchObject({ kind: 'wait', first: busy });
    expect(turn(campaign('c'), [busy], { free: 5 })).toEqual(GO);
    expect(turn(ticket('u'), [busy], { free: 1 })).toEqual(GO);
  });

  test('leaves what is kept to the runs that are live, counting none of them twice', () => {
    expect(turn(campaign('c'), [], { free: 5, kept: 5 })).toEqual({
      kind: 'wait',
      why: '5 are left, and campaigns leave 5 to the runs that are live',
    });
    expect(turn(campaign('c'), [ticket('t')], { free: 6, kept: 5 })).toEqual(GO);
    expect(turn(ticket('t'), [], { free: 1, kept: 5 })).toEqual(GO);
  });

  test('is one campaign’s after nine tickets in a row', () => {
    const overdue = { ticketStreak: TICKETS_IN_A_ROW, free: 1 };
    expect(turn(campaign('c'), [ticket('t', { wants: 50 })], { ...overdue, kept: 20 })).toEqual(GO);
    expect(turn(campaign('c', { servedAt: 1 }), [ticket('t'), campaign('d')], overdue)).toMatchObject({ first: { id: 'd' } });
    expect(turn(ticket('t'), [campaign('c'), campaign('d')], overdue)).toMatchObject({
      why: 'the campaign c goes first: 9 in a row went to other runs',
    });
    expect(turn(ticket('t'), [campaign('c'), campaign('d')], { ...overdue, free: 2 })).toEqual(GO);
    expect(turn(ticket('t'), [campaign('c', { asking: false })], overdue)).toEqual(GO);
  });
});

/** Everybody asks for one thing at a time until `rounds` are granted; the fastest to ask is whoever `order` says. */
function served(all: readonly ContenderRef[], rounds: number, order: (round: number) => number): string[] {
  const last = new Map<string, number>();
  const log: string[] = [];
  let ticketStreak = 0;
  for (let round = 1; round <= rounds; round += 1) {
    const contenders = all.map((contender): Contender => ({ ...contender, asking: true, servedAt: last.get(contender.id) }));
    const from = order(round) % contenders.length;
    const asking = [...contenders.slice(from), ...contenders.slice(0, from)];
    const able = asking.filter((me) => turnOf({ me, others: contenders, free: 1, ticketStreak }).kind === 'go');
    expect(able).toHaveLength(1);
    const [me] = able;
    if (!me) break;
    last.set(me.id, round);
    log.push(me.id);
    const campaignsWait = all.some(({ kind }) => kind === 'campaign');
    ticketStreak = me.kind === 'campaign' ? 0 : ticketStreak + (campaignsWait ? 1 : 0);
  }
  return log;
}

const Contenders = fc
  .tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 6 }))
  .filter(([tickets, campaigns]) => tickets + campaigns > 0)
  .map(([tickets, campaigns]): ContenderRef[] => [
    ...Array.from({ length: tickets }, (_, index): ContenderRef => ({ id: `t${index}`, kind: 'ticket' })),
    ...Array.from({ length: campaigns }, (_, index): ContenderRef => ({ id: `c${index}`, kind: 'campaign' })),
  ]);

describe('over any number of runs and campaigns that all want more', () => {
  test('exactly one may go, equals are never more than one apart, and campaigns have a tenth', () => {
    fc.assert(
      fc.property(Contenders, fc.integer({ min: 1, max: 120 }), fc.func(fc.nat(9)), (contenders, rounds, order) => {
        const log = served(contenders, rounds, order);
        const countOf = (id: string) => log.filter((winner) => winner === id).length;
        for (const kind of ['ticket', 'campaign'] as const) {
          const counts = contenders.filter((contender) => contender.kind === kind).map(({ id }) => countOf(id));
          if (counts.length > 0) expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
        }
        const kinds = new Set(contenders.map(({ kind }) => kind));
        if (kinds.size === 2) expect(log.filter((id) => id.startsWith('c'))).toHaveLength(Math.floor(rounds / (TICKETS_IN_A_ROW + 1)));
      }),
    );
  });

  test('as many may go as there are places, and no fewer', () => {
    const Asking = fc.uniqueArray(
      fc.record({
        id: fc.string(),
        kind: fc.constantFrom('ticket' as const, 'campaign' as const),
        servedAt: fc.option(fc.nat(5), { nil: undefined }),
      }),
      { selector: ({ id }) => id, minLength: 1, maxLength: 12 },
    );
    fc.assert(
      fc.property(Asking, fc.integer({ min: 1, max: 14 }), fc.nat(12), (contenders, free, ticketStreak) => {
        const others = contenders.map((contender): Contender => ({ ...contender, asking: true }));
        const able = others.filter((me) => turnOf({ me, others, free, ticketStreak }).kind === 'go');
        expect(able.length).toBeGreaterThanOrEqual(Math.min(free, others.length));
      }),
    );
  });
});

test('campaigns leave the calls that live runs are likely to need, at most a fifth of the window', () => {
  expect(mostCallsKept(300)).toBe(60);
  expect(callsKept(300, [])).toBe(0);
  expect(callsKept(300, [1])).toBe(8);
  expect(callsKept(300, [4, 0])).toBe(22);
  expect(callsKept(300, [400])).toBe(60);
});
