import { describe, expect, test } from '@jest/globals';
import { COPY_STATES } from '../execution/may-still-run.js';
import { OUTCOMES } from '../run/outcome.js';
import { campaignOutcome, isStepFor, nextStep, type PlannedSteps, type StepOutcome, type StepOutcomes } from './asset-steps.js';

const ALL: PlannedSteps = { assess: true, verify: true };
const ALONE: PlannedSteps = { assess: false, verify: false };
const yes: StepOutcome = { outcome: 'succeeded' };
const no: StepOutcome = { outcome: 'failed' };

describe('an asset', () => {
  test.each<[string, PlannedSteps, StepOutcomes, ReturnType<typeof nextStep>, StepOutcome | undefined]>([
    ['is assessed first', ALL, {}, 'assess', undefined],
    ['is remedied at once where nothing is assessed', ALONE, {}, 'remediate', undefined],
    ['that is compliant is left alone', ALL, { assess: yes }, undefined, { outcome: 'skipped', reason: 'compliant' }],
    ['that is not compliant is remedied', ALL, { assess: no }, 'remediate', undefined],
    [
      'whose assessment has no verdict is left alone: its job may still run',
      ALL,
      { assess: { outcome: 'unreachable', reason: 'disconnected' } },
      undefined,
      { outcome: 'unreachable', reason: 'assess: disconnected' },
    ],
    [
      'whose assessment is lost is left alone',
      ALL,
      { assess: { outcome: 'unverified' } },
      undefined,
      { outcome: 'unverified', reason: 'assess: unverified' },
    ],
    ['that was remedied is verified', ALL, { assess: no, remediate: yes }, 'verify', undefined],
    ['whose remedy failed is verified too: verification decides', ALL, { assess: no, remediate: no }, 'verify', undefined],
    ['that is verified is done', ALL, { assess: no, remediate: no, verify: yes }, undefined, { outcome: 'succeeded' }],
    [
      'that fails verification has failed',
      ALL,
      { assess: no, remediate: yes, verify: no },
      undefined,
      { outcome: 'failed', reason: 'verify: failed' },
    ],
    [
      'whose verification was never sent is unverified',
      ALL,
      { assess: no, remediate: yes, verify: { outcome: 'skipped', reason: 'cancelled' } },
      undefined,
      { outcome: 'unverified', reason: 'verify: cancelled' },
    ],
    [
      'whose agent did not check in again is unverified for that',
      ALL,
      { assess: no, remediate: yes, verify: { outcome: 'unverified', reason: 'no-check-in' } },
      undefined,
      { outcome: 'unverified', reason: 'no-check-in' },
    ],
    [
      'whose agent did not check in before the remedy is not verified',
      ALL,
      { assess: no, remediate: { outcome: 'unverified', reason: 'no-check-in' } },
      undefined,
      { outcome: 'unverified', reason: 'no-check-in' },
    ],
    [
      'whose verification has no verdict waits for a late one',
      ALL,
      { assess: no, remediate: yes, verify: { outcome: 'unreachable' } },
      undefined,
      { outcome: 'unreachable', reason: 'verify: unreachable' },
    ],
    [
      'whose remedy has no verdict is not verified',
      ALL,
      { assess: no, remediate: { outcome: 'unreachable', reason: 'disconnected' } },
      undefined,
      { outcome: 'unreachable', reason: 'disconnected' },
    ],
    ['without verification is what its remedy says', ALONE, { remediate: no }, undefined, no],
  ])('%s', (...[, planned, done, next, outcome]) => {
    expect(nextStep(planned, done)).toBe(next);
    expect(campaignOutcome(planned, done)).toEqual(outcome);
  });

  test('has either a next step or an outcome, whatever its steps came to', () => {
    const ends: (StepOutcome | undefined)[] = [undefined, ...OUTCOMES.map((outcome) => ({ outcome }))];
    for (const planned of [ALL, ALONE, { assess: true, verify: false }, { assess: false, verify: true }])
      for (const assess of planned.assess ? ends : [undefined])
        for (const remediate of ends)
          for (const verify of ends) {
            const done = { assess, remediate, verify };
            expect(nextStep(planned, done) === undefined).toBe(campaignOutcome(planned, done) !== undefined);
          }
  });
});

test('nothing is verified or rolled back before the last word of Qualys on the remedy', () => {
  const all = OUTCOMES.flatMap((outcome) => COPY_STATES.map((copy) => ({ outcome, copy })));
  const words = (step: 'verify' | 'rollback') => all.filter((one) => isStepFor(step, one)).map(({ outcome, copy }) => `${outcome}/${copy}`);
  expect(words('verify')).toEqual(['succeeded/over', 'failed/over']);
  expect(words('rollback')).toEqual(OUTCOMES.map((outcome) => `${outcome}/over`));
});
