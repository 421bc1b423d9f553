import { expect, test } from '@jest/globals';
import { busyText, holdersText } from './waits-for.js';

test('names the runs that have the assets, who asked for them, and how to look', () => {
  const holders = [
    { runId: 'patch-openssl', requestedBy: 'kim', assets: 12 },
    { runId: 'disable-smb', assets: 3 },
  ];
  expect(busyText(15, holders)).toBe(
    '15 asset(s) are busy in another run, and wait until it has ended there: 12 for run patch-openssl (requested by kim): overhaul show patch-openssl; 3 for run disable-smb: overhaul show disable-smb',
  );
});

test('counts the runs beyond the third, and says no more than it knows', () => {
  const holders = ['a', 'b', 'c', 'd'].map((runId) => ({ runId, assets: 1 }));
  expect(holdersText(holders)).toBe('1 for run a: overhaul show a; 1 for run b: overhaul show b; 1 for run c: overhaul show c; and 1 more');
  expect(busyText(2, [])).toBe('2 asset(s) are busy in another run');
});
