import { expect, test } from '@jest/globals';
// @ts-expect-error A script without types.
import { whyPartial } from './demo-partial.mjs';

test('the demo says of each outcome but success why it was to be expected, within 80 columns', () => {
  const assets = [
    ...['1', '2', '3', '4', '5', '6'].map((id) => ({ assetId: `2045261${id}`, outcome: 'failed' })),
    { assetId: '20452652', outcome: 'unreachable' },
    { assetId: '20452709', outcome: 'unverified' },
    { assetId: '20452610', outcome: 'succeeded' },
  ];
  const counts = { targeted: 240, succeeded: 232, failed: 6, unverified: 1, unreachable: 1, missing: 0, skipped: 0 };
  const lines = whyPartial({ report: { status: 'partial', counts }, assets }) as string[];
  expect(lines).toEqual([
    'The run is «partial», and that is right: 232 of 240 assets succeeded. The rest:',
    '    6 failed      the gateway lets one script in twenty fail',
    '      20452611, 20452612, 20452613, 20452614 and 2 more',
    '    1 unreachable its agent is offline: no verdict by the deadline',
    '      20452652',
    '    1 unverified  its result was lost: it may have run, so nobody says it did',
    '      20452709',
    'Their outputs and reasons are in the report.',
  ]);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
});
