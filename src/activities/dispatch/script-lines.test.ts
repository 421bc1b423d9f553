import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { ScriptLines } from './script-lines.js';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

const NEVER = new Promise<never>(() => undefined);
let lines: ScriptLines;
let asked: string[];

beforeEach(() => {
  lines = new ScriptLines();
  asked = [];
});

/** It stands in line once, and notes when it may ask. */
function stands(name: string, { script = '7', cancelled = NEVER } = {}): Promise<void> {
  return lines.wait(script, 50, cancelled).then(() => void asked.push(name));
}

test('the first in line asks when the ledger says so, and whoever is the first by then', async () => {
  for (const name of ['a', 'b', 'c']) void stands(name);
  await jest.advanceTimersByTimeAsync(49);
  expect(asked).toEqual([]);
  await jest.advanceTimersByTimeAsync(1);
  expect(asked).toEqual(['a']);
  await jest.advanceTimersByTimeAsync(50);
  expect(asked).toEqual(['a', 'b']);
});

test('when a send has ended, the first asks at once, and nobody else does', async () => {
  for (const name of ['a', 'b']) void stands(name);
  lines.sent('7');
  lines.sent('another');
  await jest.advanceTimersByTimeAsync(0);
  expect(asked).toEqual(['a']);
});

test('one that is behind others who do not get on asks every two seconds, so that the ledger hears of it', async () => {
  let firsts = 0;
  const first = async (): Promise<void> => {
    for (;;) {
      // Refused each time, it goes to the end; so does everybody else who stood before the last one.
      await lines.wait('7', 3_000, NEVER);
      firsts += 1;
    }
  };
  void first();
  void stands('last');
  await jest.advanceTimersByTimeAsync(1_999);
  expect([firsts, asked]).toEqual([0, []]);
  await jest.advanceTimersByTimeAsync(1);
  expect([firsts, asked]).toEqual([0, ['last']]);
});

test('one whose activity is cancelled leaves, and the next in line is the first', async () => {
  let cancel: (why: Error) => void = () => undefined;
  const cancelled = new Promise<never>((_, reject) => {
    cancel = reject;
  });
  const gone = expect(stands('gone', { cancelled })).rejects.toThrow('cancelled');
  void stands('next');
  cancel(new Error('cancelled'));
  await gone;
  await jest.advanceTimersByTimeAsync(50);
  expect(asked).toEqual(['next']);
  expect(jest.getTimerCount()).toBe(0);
});

test('scripts have lines of their own', async () => {
  void stands('a');
  void stands('other', { script: '8' });
  await jest.advanceTimersByTimeAsync(50);
  expect(asked).toEqual(['a', 'other']);
});
