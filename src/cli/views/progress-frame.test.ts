import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { emptyCounts } from '../../domain/run/outcome.js';
import type { WaveView } from '../../ledger/reads/campaign-view.js';
import { questionOf } from '../../runs/question.js';
import { lineWidth } from '../terminal/paint.js';
import { type FrameFacts, progressFrame, shareOut } from './progress-frame.js';

const NOW = Date.parse('2026-08-22T10:03:20.000Z');
const FACTS: FrameFacts = {
  workflowId: 'patch-openssl',
  scriptTitle: 'Restart agent',
  progress: {
    phase: 'running',
    asOf: '2026-08-22T10:03:20.000Z',
    counts: { ...emptyCounts(), targeted: 1_000, succeeded: 590, failed: 12, unverified: 1, running: 100, pending: 297 },
    inFlight: 4,
    callsUsed: 88,
    etaAt: '2026-08-22T10:05:25.000Z',
  },
  startedAt: Date.parse('2026-08-22T10:00:00.000Z'),
  now: NOW,
};

function drawn(facts: FrameFacts, columns: number, unicode = true): string[] {
  return progressFrame(facts, { columns, unicode }).map((line) => line.map(({ text }) => text).join(''));
}

describe('the progress frame', () => {
  test('at 100 columns', () => {
    expect(drawn(FACTS, 100)).toEqual([
      'patch-openssl  running  Restart agent',
      `${'█'.repeat(44)}${'▒'.repeat(7)}${'░'.repeat(21)} 603/1,000 60%`,
      '✓ 590 succeeded  ✗ 12 failed  ? 1 unverified  297 pending  100 running',
      '4 executions in flight  88 calls  3m 20s elapsed  about 2m 05s left',
    ]);
  });

  test('at 40 columns', () => {
    expect(drawn(FACTS, 40)).toEqual([
      'patch-openssl  running  Restart agent',
      '████████████████▒▒░░░░░░░ 603/1,000 60%',
      '✓ 590 succeeded  ✗ 12 failed',
      '? 1 unverified  297 pending',
      '100 running',
      '4 executions in flight  88 calls',
      '3m 20s elapsed  about 2m 05s left',
    ]);
  });

  test('in ASCII where nothing else is safe', () => {
    expect(drawn(FACTS, 60, false).join('')).toMatch(/^[\x20-\x7e]+$/);
  });

  test('says what the run waits for, of whom, and which commands answer', () => {
    const digest = 'ab12'.repeat(16);
    const progress = {
      ...FACTS.progress,
      blocked: 'Qualys asked to wait 60 s',
      pending: { kind: 'wave', wave: 'rest', digest, approvals: 1 },
    } as FrameFacts['progress'];
    const rule = { quorum: 2, approvers: ['ann', 'bob', 'cid'], allowRequester: false };
    const question = questionOf({ workflowId: 'patch-openssl', progress, rule });
    const lines = drawn({ ...FACTS, progress, question }, 200);
    expect(lines[0]).toBe('patch-openssl  awaiting approval  Restart agent');
    expect(lines.slice(4)).toEqual([
      'blocked: Qualys asked to wait 60 s',
      'decide: Wave rest waits for approval.',
      'asked: 2 approvals by ann, bob, cid, not by the requester; 1 approval so far',
      `  overhaul approve patch-openssl --digest ${digest}`,
      `  overhaul reject patch-openssl --digest ${digest}`,
    ]);
    expect(drawn({ ...FACTS, progress, question }, 45).slice(-2)).toEqual([
      '  overhaul approve patch-openssl',
      '  overhaul reject patch-openssl',
    ]);
  });

  test('shows the waves of a campaign, of many those around the one under way', () => {
    const wave = (name: string, status: WaveView['status'], more: Partial<WaveView['counts']> = {}): WaveView => ({
      ...{ waveNo: 1, name, status, compliant: 0, approvedBy: [] },
      counts: { ...emptyCounts(), targeted: 100, ...more },
    });
    const waves = [
      wave('canary', 'succeeded', { succeeded: 100 }),
      wave('ring', 'running', { succeeded: 40, failed: 2, running: 50, pending: 8 }),
      wave('rest of it', 'waiting', { pending: 100 }),
    ];
    expect(drawn({ ...FACTS, waves }, 80).slice(4)).toEqual([
      '✓ canary      succeeded  100/100  100 succeeded',
      '▸ ring        running    42/100  40 succeeded, 2 failed, 50 running',
      '· rest of it  waiting    0/100',
    ]);
    const many = Array.from({ length: 30 }, (_, index) =>
      wave(`w${index}`, index < 20 ? 'succeeded' : index === 20 ? 'soaking' : 'waiting'),
    );
    expect(drawn({ ...FACTS, waves: many }, 80).slice(4)).toHaveLength(10);
    expect(drawn({ ...FACTS, waves: many }, 80)[6]).toBe('▸ w20  soaking    0/100');
    expect(drawn({ ...FACTS, waves: many }, 80).at(-1)).toBe('  and 21 more waves');
  });

  test('forecasts no end while the run waits for something', () => {
    const progress = FACTS.progress && { ...FACTS.progress, callsUsed: 1 };
    const costs = (more: object, rest = {}) => drawn({ ...FACTS, ...rest, progress: progress && { ...progress, ...more } }, 100)[3];
    expect(costs({})).toBe('4 executions in flight  1 call  3m 20s elapsed  about 2m 05s left');
    expect(costs({ paused: true })).toBe('4 executions in flight  1 call  3m 20s elapsed');
    expect(costs({ blocked: 'Qualys asked to wait 60 s' })).toBe('4 executions in flight  1 call  3m 20s elapsed');
    expect(costs({}, { halted: 'halted by ada' })).toBe('4 executions in flight  1 call  3m 20s elapsed');
  });

  test('says that the ledger is halted instead of what a permit says of it', () => {
    const progress = FACTS.progress && { ...FACTS.progress, blocked: 'all executions are halted: incident 7' };
    const lines = drawn({ ...FACTS, progress, halted: 'halted by ada since 2026-08-22 10:00 UTC: incident 7' }, 100);
    expect(lines.slice(4)).toEqual(['ledger: halted by ada since 2026-08-22 10:00 UTC: incident 7']);
  });

  test('never wraps, however narrow the terminal and whatever the texts hold', () => {
    const text = fc.string({ unit: fc.constantFrom('a', ' ', '漢', '\n', '\x1b[2J', '\u202e', '🙂', 'e\u0301', '-'), maxLength: 120 });
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 130 }), text, fc.boolean(), (columns, hostile, unicode) => {
        const facts: FrameFacts = {
          ...FACTS,
          workflowId: hostile,
          scriptTitle: hostile,
          trouble: hostile,
          halted: hostile,
          question: { text: hostile, whom: hostile, digest: hostile, answers: [{ decision: 'approve', command: hostile, means: hostile }] },
          waves: [{ waveNo: 1, name: hostile, status: 'running', compliant: 0, approvedBy: [], counts: emptyCounts() }],
          progress: FACTS.progress && { ...FACTS.progress, blocked: hostile },
        };
        const frame = progressFrame(facts, { columns, unicode });
        expect(Math.max(...frame.map(lineWidth))).toBeLessThan(columns);
        expect(
          frame
            .flat()
            .map(({ text: part }) => part)
            .join(''),
        ).not.toMatch(/[\p{Cc}\u202e]/u);
      }),
    );
  });
});

describe('the cells of the bar', () => {
  test('show one failure of ten thousand, and that something is left', () => {
    expect(shareOut([9_998, 1, 0, 0, 1], 20)).toEqual([18, 1, 0, 0, 1]);
  });

  test('are always as many as there is room for', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1_000_000), { minLength: 5, maxLength: 5 }), fc.integer({ min: 5, max: 72 }), (counts, cells) => {
        fc.pre(counts.some((count) => count > 0));
        const shares = shareOut(counts, cells);
        expect(shares.reduce((sum, share) => sum + share, 0)).toBe(cells);
        expect(shares.every((share, index) => (counts[index] === 0 ? share === 0 : share >= 1))).toBe(true);
      }),
    );
  });
});
