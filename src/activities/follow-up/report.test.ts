import { describe, expect, test } from '@jest/globals';
import { followUpReport } from './report.js';

describe('the report of a follow-up', () => {
  test('names what is there, what is only believed to be, and what was not made', () => {
    const rows = [
      { title: 'a', state: 'created', scheduleId: '1' },
      { title: 'b', state: 'exists', scheduleId: '2', detail: 'identical' },
      { title: 'c', state: 'exists', detail: 'unverified' },
      { title: 'd', state: 'intended', order: '{}' },
      { title: 'e', state: 'planned', order: '{}' },
      { title: 'f', state: 'taken' },
      { title: 'g', state: 'rejected', detail: 'HTTP 400' },
    ] as const;
    expect(followUpReport('schedule', rows, ['g: HTTP 400'])).toEqual({
      ...{ kind: 'schedule', ids: ['1', '2'], titles: ['a', 'b', 'c', 'd'] },
      ...{ unverified: ['c', 'd'], refused: ['g: HTTP 400'] },
    });
  });

  test('of a recheck has its workflow, or why there is none', () => {
    expect(followUpReport('recheck', [{ title: 'r/recheck', state: 'created' }], [])).toEqual({
      ...{ kind: 'recheck', ids: [], titles: [], workflowId: 'r/recheck' },
    });
    expect(followUpReport('recheck', [], ['changed'])).toEqual({ kind: 'recheck', ids: [], titles: [], refused: ['changed'] });
  });

  test('is absent when nothing was to follow', () => {
    expect([followUpReport('schedule', [], []), followUpReport(undefined, [], [])]).toEqual([undefined, undefined]);
  });

  test('counts the schedules that are too many to travel through history', () => {
    const rows = Array.from({ length: 203 }, (_, n) => ({ title: `t ${n}`, state: 'created' as const, scheduleId: `s ${n}` }));
    const report = followUpReport('schedule', rows, []);
    expect([report?.ids.length, report?.titles.length, report?.more]).toEqual([200, 200, 3]);
    expect(followUpReport('schedule', rows.slice(3), [])?.more).toBeUndefined();
  });

  test('counts the reasons that are too many to print', () => {
    const refusals = Array.from({ length: 25 }, (_, index) => `reason ${index + 1}`);
    expect(followUpReport('schedule', [], refusals)?.refused).toEqual([...refusals.slice(0, 20), 'and 5 more']);
  });
});
