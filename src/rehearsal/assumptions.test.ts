import { describe, expect, test } from '@jest/globals';
import { parseAssumptions, USUAL_CURVES } from './assumptions.js';

const DAY_MS = 86_400_000;

describe('the assumptions of a rehearsal', () => {
  test('are the usual ones where nothing is said', () => {
    expect(parseAssumptions({})).toEqual({ ok: true, value: USUAL_CURVES });
  });

  test('are read as an operator writes them', () => {
    const texts = { fail: '2%', lost: '0.5%', offline: '7%:1d..10d', duration: '5m', interval: '90s' };
    expect(parseAssumptions(texts)).toEqual({
      ok: true,
      value: {
        failRate: 0.02,
        lostRate: 0.005,
        offline: { rate: 0.07, backAfterMs: { min: DAY_MS, max: 10 * DAY_MS } },
        executionMs: { min: 300_000, max: 300_000 },
        executeIntervalMs: 90_000,
      },
    });
  });

  test('of assets that stay away name no time', () => {
    expect(parseAssumptions({ offline: '7%' })).toMatchObject({ ok: true, value: { offline: { rate: 0.07 } } });
    expect(parseAssumptions({ offline: '7%:3d' })).toMatchObject({
      value: { offline: { backAfterMs: { min: 3 * DAY_MS, max: 3 * DAY_MS } } },
    });
  });

  test('go before what an earlier run came to, each by itself', () => {
    const known = { ...USUAL_CURVES, failRate: 0.1, lostRate: 0.2 };
    expect(parseAssumptions({ fail: '1%' }, known)).toMatchObject({ value: { failRate: 0.01, lostRate: 0.2 } });
  });

  test('name every problem at once', () => {
    expect(parseAssumptions({ fail: '300%', lost: 'few', offline: '7%:10d..1d', duration: '5m..1m', interval: 'soon' })).toEqual({
      ok: false,
      problems: [
        { path: '--fail', problem: '300%: must be a share such as 2%' },
        { path: '--lost', problem: 'few: must be a share such as 0.5%' },
        {
          path: '--offline',
          problem: '7%:10d..1d: must be a share such as 7%, optionally with the time until they are back: 7%:3d or 7%:1d..10d',
        },
        { path: '--duration', problem: '5m..1m: must be a duration such as 5m, or a range such as 1m..5m' },
        { path: '--interval', problem: 'soon: must be a duration such as 1m' },
      ],
    });
  });
});
