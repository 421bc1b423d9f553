import { spawnSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { programArguments } from '../../../test/support/programs.js';
import { toldInstant } from './instant.js';

/** 2026-04-27, in summer where there is one. */
const AT = 1_777_292_548_761;
const ON_THE_SECOND = 1_777_292_548_000;

const TOLD: [value: unknown, at: number | undefined][] = [
  // Forms of Qualys' documents.
  [AT, AT],
  [String(AT), AT],
  ['2026-04-27T12:22:28.761+00:00', AT],
  ['2026-04-27T12:22:28.761+0000', AT],
  ['2026-04-27T12:22:28.761Z', AT],
  ['2026-04-27T17:52:28.761+05:30', AT],
  // Without an offset, with a blank, with fewer or more digits.
  ['2026-04-27T12:22:28.761', AT],
  ['2026-04-27 12:22:28.761', AT],
  ['2026-04-27 12:22:28', ON_THE_SECOND],
  ['2026-04-27T12:22:28,761', AT],
  ['2026-04-27T12:22:28.7612345', AT],
  ['2026-04-27 12:22:28 UTC', ON_THE_SECOND],
  ['2026-04-27 12:22:28 GMT', ON_THE_SECOND],
  ['2026-04-27T12:22:28+00', ON_THE_SECOND],
  [' 2026-04-27T14:22:28 +0200 ', ON_THE_SECOND],
  ['2026-04-27T12:22', 1_777_292_520_000],
  ['2026-04-27', 1_777_248_000_000],
  ['Mon, 27 Apr 2026 12:22:28 GMT', ON_THE_SECOND],
  ['Apr 27, 2026 12:22:28 +0000', ON_THE_SECOND],
  // Seconds.
  [1_777_292_548, ON_THE_SECOND],
  ['1777292548', ON_THE_SECOND],
  [1_777_292_548.761, AT],
  ['1777292548.761', AT],
  [1e9, 1e12],
  // Nothing that tells a time.
  [0, undefined],
  [-1, undefined],
  ['-1', undefined],
  ['0', undefined],
  [1_777_292_548_761_000, undefined],
  ['', undefined],
  ['yesterday', undefined],
  ['2026-13-01T00:00:00Z', undefined],
  ['2026-04-27T12:22:28 EST5', undefined],
  // Whose noon?
  ['Apr 27, 2026 12:22:28', undefined],
  ['04/27/2026 12:22:28', undefined],
  [null, undefined],
  [{}, undefined],
  [true, undefined],
];

test.each([...TOLD, [Number.POSITIVE_INFINITY, undefined], [Number.NaN, undefined]])('%p is %p', (value, at) => {
  expect(toldInstant(value)).toBe(at);
});

/** A process knows one zone from its start. */
test.each([
  ['America/St_Johns', 150],
  ['Asia/Kolkata', -330],
])('and so it is on a machine in %s', async (zone, offsetMin) => {
  const path = await programArguments('src/domain/clock/instant.ts');
  const source = `import { toldInstant } from ${JSON.stringify(path.at(-1))};
    const told = ${JSON.stringify(TOLD.map(([value]) => value))};
    console.log(JSON.stringify({ offsetMin: new Date(${AT}).getTimezoneOffset(), read: told.map((value) => toldInstant(value) ?? null) }));`;
  const { stdout, stderr } = spawnSync(process.execPath, [...path.slice(0, -1), '--input-type=module', '--eval', source], {
    env: { ...process.env, TZ: zone },
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual({ offsetMin, read: TOLD.map(([, at]) => at ?? null) });
});
