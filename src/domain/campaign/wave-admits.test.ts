import { expect, test } from '@jest/globals';
import { CAMPAIGN_STEPS } from './step.js';
import { admitsOf } from './wave-admits.js';

test('a wave under way lets everything be sent, one that somebody has to decide about nothing for now', () => {
  for (const step of ['assess', 'remediate', 'verify'] as const) {
    expect(admitsOf(step, { status: 'running', closed: false })).toBe('all');
    expect(admitsOf(step, { status: 'soaking', closed: false })).toBe('all');
    expect(admitsOf(step, { status: 'awaiting-decision', closed: false })).toBe('held');
    expect(admitsOf(step, { status: 'awaiting-approval', closed: false })).toBe('held');
  }
});

test('a wave that is being rolled back lets nothing be sent but the rollback', () => {
  const admitted = CAMPAIGN_STEPS.filter((step) => admitsOf(step, { status: 'rolling-back', closed: false }) !== 'nothing');
  expect(admitted).toEqual(['rollback']);
});

test('a closed wave lets nothing be sent, whatever it came to', () => {
  for (const step of CAMPAIGN_STEPS)
    for (const status of ['succeeded', 'partial', 'rolled-back', 'stopped'] as const)
      expect(admitsOf(step, { status, closed: true })).toBe('nothing');
});
