import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { parsePlan } from '../../contracts/plan.js';
import { parseRequest } from '../../contracts/request.js';
import { frozenRun, planDigest } from './plan-digest.js';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const SCRIPT = { id: '72648', title: 'Patch OpenSSL', sha256: '1abfdf825793841e3a1681cd7954e1412fbb40cb299d81369370cc7d8405ca96' };
const COHORT = { size: 150, digest: '4d72194bca77e0212cca63bcb9b8f96c873030ea43a225bb0b9969f6c9759d8d' };

/** Request, cohort and digest of a run that waited for its approval under an older build: test/replay/histories/remediationRun/approval-1.json. */
const STORED_REQUEST = {
  ...{ script: '72648', strategy: 'assets', maxInFlight: 1, poll: { interval: 1_000 }, deadline: 300_000, output: 'all' },
  ...{ retry: { failed: 0, after: 900_000 }, unreachable: { wait: 0 } },
};

test('a request that is approved is digested as it is stored: no later default comes into it', () => {
  expect(planDigest(frozenRun({ request: STORED_REQUEST, script: SCRIPT, cohort: COHORT }), sha256)).toBe(
    '14f69f855972af3dd63ce67fda3e61bb1e555da6afd23e8f0805f99c60540f23',
  );
});

test('the same request, asked for today, has the digest that a person has read before the upgrade', () => {
  const parsed = parseRequest({ script: 72648, targets: { assetIds: [1] }, maxInFlight: 1, poll: { interval: '1s' }, deadline: '5m' });
  if (!parsed.ok) throw new Error('it is legal');
  const { targets, ...request } = parsed.value;
  expect(request).toEqual(STORED_REQUEST);
  expect(planDigest(frozenRun({ request: parsed.value, script: SCRIPT, cohort: COHORT }), sha256)).toBe(
    '14f69f855972af3dd63ce67fda3e61bb1e555da6afd23e8f0805f99c60540f23',
  );
});

test('and so has a plan: a step that its installer lets wait says nothing of it', () => {
  const parsed = parsePlan({
    name: 'patch',
    targets: { assetIds: [1] },
    steps: { remediate: { script: 72648, verdict: { preset: 'windows-installer' } }, verify: 72601 },
  });
  if (!parsed.ok) throw new Error('it is legal');
  const frozen = { plan: parsed.value, scripts: { remediate: SCRIPT }, cohort: COHORT, waves: [{ name: 'all', size: 150 }] };
  expect(planDigest(frozen, sha256)).toBe('dad528c49837efb217c066e1cf75fabcdd8b60260cd8204ac8b812778e76363a');
});
