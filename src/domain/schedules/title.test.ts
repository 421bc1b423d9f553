import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { quoted } from '../targets/qql.js';
import { MAX_ASKED_TITLE, MAX_SCHEDULE_TITLE, scheduleTitle, titleProblem } from './title.js';

const facts = { runId: 'run-7', digest: '0123456789abcdef', part: { number: 1, of: 1 } };

describe('the title of a follow-up schedule', () => {
  test.each([
    [{}, 'Overhaul follow-up of run-7'],
    [{ part: { number: 2, of: 3 } }, 'Overhaul follow-up of run-7 (2 of 3)'],
    [{ asked: 'Nightly' }, 'Nightly'],
    [{ asked: 'Nightly', part: { number: 1, of: 2 } }, 'Nightly (1 of 2)'],
    [{ asked: 'Nightly', part: { number: 1, of: 2 }, marked: true }, 'Nightly (1 of 2) [0123456789abcdef]'],
    [{ runId: 'a\\b"c' }, 'Overhaul follow-up of a_b_c #0123456789abcdef'],
    [{ runId: 'x'.repeat(200) }, `Overhaul follow-up of ${'x'.repeat(88)} #0123456789abcdef`],
    [{ runId: '🛠'.repeat(100) }, `Overhaul follow-up of ${'_'.repeat(53)} #0123456789abcdef`],
  ])('%j: %s', (change, title) => {
    expect(scheduleTitle({ ...facts, ...change })).toBe(title);
  });

  test('always fits, can be asked for, and is another one for every part and with the mark', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1_000 }), fc.integer({ min: 2, max: 400 }), (runId, of) => {
        const titles = [1, of].flatMap((number) =>
          [false, true].map((marked) => scheduleTitle({ ...facts, runId, part: { number, of }, marked })),
        );
        expect(new Set(titles).size).toBe(4);
        for (const title of titles) {
          expect(title.length).toBeLessThanOrEqual(MAX_SCHEDULE_TITLE);
          expect(quoted(title)).toContain(title);
        }
      }),
    );
  });

  test('that a request may ask for is never cut', () => {
    const asked = 'x'.repeat(MAX_ASKED_TITLE);
    const title = scheduleTitle({ ...facts, asked, part: { number: 399, of: 400 }, marked: true });
    expect(title).toBe(`${asked} (399 of 400) [0123456789abcdef]`);
  });

  test.each([['back\\slash'], ['new\nline'], ['"`\'']])('cannot be %j: nobody could look for it', (title) => {
    expect(titleProblem(title)).toMatch(/^contains a backslash/);
  });
});
