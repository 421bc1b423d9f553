import { expect, test } from '@jest/globals';
import { type AssetJobFacts, type AssetJobReading, normalisedStatus, readAssetJob } from './asset-job.js';

const verdict = (outcome: 'succeeded' | 'failed' | 'unverified', reason?: string): AssetJobReading => ({
  kind: 'verdict',
  verdict: reason === undefined ? { outcome } : { outcome, reason },
});

test.each<[AssetJobFacts, AssetJobReading]>([
  [{ status: 'EXECUTION PASSED' }, verdict('succeeded')],
  [{ status: 'EXECUTION PASSED', exitCode: 0 }, verdict('succeeded')],
  [{ status: 'EXECUTION PASSED', exitCode: 3 }, verdict('succeeded', 'passed with exit code 3')],
  [{ status: 'success' }, verdict('succeeded')],
  [{ status: 'PASSED' }, verdict('succeeded')],
  [{ status: 'EXECUTION FAILED', exitCode: 0 }, verdict('failed')],
  [{ status: 'FAILED' }, verdict('failed')],
  [{ status: 'Failure' }, verdict('failed')],
  [{ status: 'ERROR' }, verdict('failed')],
  [{ status: 'MANIFEST ASSIGNED', exitCode: 0 }, { kind: 'open' }],
  [{ status: 'running' }, { kind: 'open' }],
  [
    { status: 'SCRIPT RESULT UPLOAD SUCCESS', exitCode: 0 },
    { kind: 'settling', otherwise: { outcome: 'succeeded' } },
  ],
  [
    { status: 'SCRIPT RESULT UPLOAD SUCCESS', exitCode: 9 },
    { kind: 'settling', otherwise: { outcome: 'failed' } },
  ],
  [{ status: 'SCRIPT RESULT UPLOAD SUCCESS' }, { kind: 'settling', otherwise: { outcome: 'unverified', reason: 'verdict-unknown' } }],
  [
    { status: 'SCRIPT RESULT UPLOAD FAILED', exitCode: 0 },
    { kind: 'settling', otherwise: { outcome: 'unverified', reason: 'result-upload-failed' } },
  ],
  [{ status: 'PARKED' }, { kind: 'unknown' }],
  [{ status: '' }, { kind: 'unknown' }],
  [{ status: 'PARKED', exitCode: 0 }, verdict('succeeded')],
  [{ status: 'PARKED', exitCode: 127 }, verdict('failed')],
  [{ status: 'PARKED', endedAt: 1 }, verdict('unverified', 'unknown-status')],
  [{ status: 'PARKED', finishedAt: 1 }, verdict('unverified', 'unknown-status')],
])('%j', (facts, reading) => {
  expect(readAssetJob(facts)).toEqual(reading);
});

test.each([
  [' Execution-Passed ', 'EXECUTION_PASSED'],
  ['MANIFEST  _-ASSIGNED', 'MANIFEST_ASSIGNED'],
])('%j is normalised to %j', (raw, word) => {
  expect(normalisedStatus(raw)).toBe(word);
});
