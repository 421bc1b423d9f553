import { expect, test } from '@jest/globals';
import { keepNamesIndexed } from './name-index.js';

/** An index that lacks something `turns` times. */
function lacking(turns: readonly (boolean | Error)[]) {
  const left = [...turns];
  const warned: unknown[] = [];
  let asked = 0;
  let told: () => void = () => undefined;
  const names = {
    rangesHolding: async () => undefined,
    fill: async () => {
      asked += 1;
      const next = left.shift() ?? false;
      if (left.length === 0) told();
      if (next instanceof Error) throw next;
      return next;
    },
  };
  const allAsked = new Promise<void>((resolve) => {
    told = resolve;
  });
  const filling = { ledger: { names, isInPlace: () => true }, logger: { warn: (fact: unknown) => warned.push(fact) }, everyMs: 1 };
  return { filling, warned, allAsked, asked: () => asked };
}

test('it is filled to its end, looked at again, and a failure is told and tried again', async () => {
  const { filling, warned, allAsked, asked } = lacking([true, true, false, new Error('disk full'), true, false]);
  const stop = keepNamesIndexed(filling);
  await allAsked;
  await stop();
  expect(warned).toEqual([{ err: new Error('disk full') }]);
  const before = asked();
  expect(before).toBeGreaterThanOrEqual(6);
  await new Promise((resolve) => setImmediate(resolve));
  expect(asked()).toBe(before);
});

test('it stops in the middle, and asks nothing of a ledger that is gone', async () => {
  const { filling, asked } = lacking(Array(1_000_000).fill(true));
  await keepNamesIndexed(filling)();
  expect(asked()).toBeLessThanOrEqual(1);
  await keepNamesIndexed({ ...filling, ledger: { ...filling.ledger, isInPlace: () => false } })();
  expect(asked()).toBeLessThanOrEqual(1);
});
