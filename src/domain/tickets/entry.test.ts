import { describe, expect, test } from '@jest/globals';
import { emptyCounts, type LiveCounts } from '../run/outcome.js';
import { lineEntry, type StatusFacts, statusEntry } from './entry.js';
import { inertLine, inertLines } from './inert.js';
import { bearsMarker, markerOf } from './marker.js';

const counts = (some: Partial<LiveCounts>): LiveCounts => ({ ...emptyCounts(), ...some });
const FACTS: StatusFacts = {
  ...{ runId: 'snow/CHG1/1', milestone: 'running', script: { id: '72648', title: 'Patch openssl' }, requestedBy: 'kim' },
  ...{
    counts: counts({ targeted: 40, succeeded: 30, failed: 2, running: 8 }),
    executions: 2,
    strays: 0,
    waves: [],
    warnings: [],
    quotes: [],
  },
};

describe('what a ticket is told', () => {
  test('of a run under way', () => {
    expect(statusEntry({ ...FACTS, blocked: 'the window opens at 22:00', publicUrl: 'https://o.example' }, 'M')).toEqual({
      title: 'Overhaul: running, 32 of 40 assets done',
      lines: [
        ...['Run: snow/CHG1/1', 'Script: Patch openssl (72648)', 'Requested by: kim'],
        ...['Assets: 40 targeted, 30 succeeded, 2 failed, 8 running', 'Executions: 2', 'Waiting: the window opens at 22:00'],
      ],
      quotes: [],
      links: [{ label: 'Run', url: 'https://o.example/runs/snow%2FCHG1%2F1' }],
      marker: 'M',
    });
  });

  test('of its end: why, strays, warnings, where the report is', () => {
    const entry = statusEntry(
      {
        ...{ ...FACTS, milestone: 'finished', status: 'stopped', why: 'error-budget', strays: 1, warnings: ['a tag is unknown'] },
        ...{ report: 'too-large', publicUrl: 'https://o.example/x' },
      },
      'M',
    );
    expect(entry.title).toBe('Overhaul: finished, stopped');
    expect(entry.lines.slice(5)).toEqual([
      ...['Outside of the approved assets: 1 got the script all the same', 'Why: error-budget', 'Warning: a tag is unknown'],
      'Report: too large to be attached',
    ]);
    expect(entry.links[1]).toEqual({ label: 'Report', url: 'https://o.example/x/api/runs/snow%2FCHG1%2F1/report.html' });
  });

  test('of a campaign, wave by wave, and what a person has to decide', () => {
    const wave = (name: string, status: StatusFacts['waves'][number]['status'], some: Partial<LiveCounts>) => ({
      ...{ name, status, counts: counts(some), approvedBy: status === 'partial' ? ['ann', 'bob'] : [] },
    });
    const waves = [
      wave('canary', 'partial', { targeted: 2, succeeded: 1, failed: 1 }),
      wave('half', 'awaiting-approval', { targeted: 4, pending: 4 }),
      wave('rest', 'waiting', { targeted: 4, pending: 4 }),
    ];
    const entry = statusEntry({ ...FACTS, milestone: 'wave-2-approval', waves, digest: 'abc', executions: 0 }, 'M');
    expect(entry.title).toBe('Overhaul: wave 2 of 3 waits for approval');
    expect(entry.lines.slice(4)).toEqual([
      'Wave 1 of 3, canary: partial; 2 targeted, 1 succeeded, 1 failed; approved by ann, bob',
      'Wave 2 of 3, half: awaiting-approval; 4 targeted, 4 pending',
      'Waves not begun: 1',
      'To decide: overhaul approve snow/CHG1/1 --digest abc, or overhaul reject snow/CHG1/1',
    ]);
  });

  test.each([
    ['approval', 'Overhaul: waiting for approval'],
    ['paused', 'Overhaul: paused'],
    ['refused', 'Overhaul: not started'],
    ['waves-done-1', 'Overhaul: 1 waves are done'],
    ['wave-2-decision', 'Overhaul: wave 2 needs a decision'],
    ['wave-2-on', 'Overhaul: wave 2 goes on'],
  ])('of %s by its title', (milestone, title) => {
    expect(statusEntry({ ...FACTS, milestone }, 'M').title).toBe(title);
  });

  test('nothing of any length: each part is clipped', () => {
    const long = 'x'.repeat(100_000);
    const many = Array.from({ length: 100 }, () => ({
      name: long,
      status: 'failed' as const,
      counts: counts({}),
      approvedBy: [long],
      why: long,
    }));
    const quotes = Array.from({ length: 100 }, () => ({ label: long, text: `${long}\n`.repeat(5) }));
    const facts = { ...FACTS, requestedBy: long, why: long, blocked: long, warnings: Array(100).fill(long), waves: many, quotes };
    expect(JSON.stringify(statusEntry({ ...facts, script: { id: '7', title: long } }, 'M')).length).toBeLessThan(25_000);
    expect(JSON.stringify(lineEntry('r', long, { marker: 'M' })).length).toBeLessThan(3_000);
  });
});

describe('text of others', () => {
  test('keeps its lines and loses what would act', () => {
    expect(inertLines('a\r\nb\tc\u0007\u202e\u200bd\n\n', 100)).toBe('a\nb\tcd');
    expect(inertLine('a\nb\u2028c', 100)).toBe('a b c');
    expect(inertLines(`x\ud800${'y'.repeat(20)}`, 10)).toBe('x\ufffdyyyyyyy…');
  });

  test('never passes for an entry of ours', () => {
    const marker = markerOf('snow/CHG1/1', '2-finished');
    expect(bearsMarker(inertLines(`ok\n${marker}\n${marker.toUpperCase()}`, 500), marker)).toBe(false);
    expect(bearsMarker(`text ${marker}`, marker)).toBe(true);
  });
});

describe('the marker', () => {
  test('holds the id as it is, and nothing that breaks a query or markup', () => {
    expect(markerOf('snow/CHG%2F1/2', '2-finished')).toBe('overhaul:snow/CHG%2F1/2 2-finished');
    expect(markerOf('a^b {c}\ud800', 'line ^é')).toBe('overhaul:a%5Eb%20%7Bc%7D%EF%BF%BD line-');
  });

  test('of one entry is not found in another', () => {
    const marker = markerOf('s/1/1', '1-running');
    for (const text of ['overhaul:s/1/1 11-running', 'overhaul:s/1/1 1-running-on', 'overhaul:s/1/12 1-running'])
      expect(bearsMarker(text, marker)).toBe(false);
    for (const text of [`${marker}-on ${marker}`, `"${marker}"`, `${marker}\n`]) expect(bearsMarker(text, marker)).toBe(true);
  });
});
