import { expect, test } from '@jest/globals';
import type { WaveStatus } from '../campaign/status.js';
import { type MilestoneFacts, milestoneOf } from './milestone.js';

const RUN: MilestoneFacts = { phase: 'running', paused: false, waves: [] };
const waves = (...statuses: WaveStatus[]) => statuses.map((status, index) => ({ no: index + 1, status }));

test.each<[string, Partial<MilestoneFacts>, string | undefined, string | undefined]>([
  ['nothing before the targets are known', { phase: 'opening' }, undefined, undefined],
  ['an approval that is waited for', { phase: 'awaiting-approval' }, undefined, 'approval'],
  ['work', {}, 'approval', 'running'],
  ['a pause', { paused: true }, 'running', 'paused'],
  ['the follow-up as the work before it', { phase: 'following-up' }, 'running', 'running'],
  ['an end with a report', { phase: 'finished', ended: 'reported', paused: true }, 'paused', 'finished'],
  ['an end before anything was sent', { phase: 'opening', ended: 'refused' }, undefined, 'refused'],
  ['a campaign with its first wave', { waves: waves('running', 'waiting') }, undefined, 'running'],
  ['a wave that is done', { waves: waves('partial', 'running', 'waiting') }, 'running', 'waves-done-1'],
  ['a question before it', { waves: waves('running', 'awaiting-approval') }, 'running', 'wave-2-approval'],
  [
    'the same of a campaign that waits for it',
    { phase: 'awaiting-approval', waves: waves('partial', 'awaiting-approval') },
    'running',
    'wave-2-approval',
  ],
  ['a decision before an approval', { waves: waves('awaiting-decision', 'awaiting-approval') }, 'running', 'wave-1-decision'],
  ['what was decided, until the wave is done', { waves: waves('failed', 'running', 'waiting') }, 'wave-2-approval', 'wave-2-on'],
  ['and then the wave', { waves: waves('failed', 'rolled-back', 'waiting') }, 'wave-2-on', 'waves-done-2'],
  ['nothing of the last wave alone', { waves: waves('failed', 'empty') }, 'waves-done-1', undefined],
])('a ticket is told of %s', (_, facts, before, told) => {
  expect(milestoneOf({ ...RUN, ...facts }, before)).toBe(told);
});
