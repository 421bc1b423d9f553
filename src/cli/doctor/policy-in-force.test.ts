import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { overhaul } from '../../../test/support/command-line.js';
import { emptyLedger, openSampleRun } from '../../../test/support/ledger/sample.js';
import { parseConfig } from '../../contracts/config/file.js';
import { policyDigest } from '../../contracts/policy-digest.js';
import type { Ledger } from '../../ledger/index.js';
import type { Check } from './checks.js';

const ONE = 'policy: { neverTouch: { hostnames: [a] } }\n';
const OTHER = 'policy: { neverTouch: { hostnames: [a, b] } }\n';

function policyIn(text: string) {
  const parsed = parseConfig(text);
  if (!parsed.ok) throw new Error('wrong');
  return parsed.value.policy;
}

async function ledgerWith(text: string): Promise<{ ledger: Ledger; env: Record<string, string> }> {
  const { ledger, env } = await emptyLedger();
  await ledger.policies.offer({ policy: policyIn(text), source: '/etc/overhaul.yaml', isChange: true });
  return { ledger, env };
}

function fileWith(text: string): string {
  const file = join(mkdtempSync(join(tmpdir(), 'policy-')), 'overhaul.yaml');
  writeFileSync(file, text);
  return file;
}

async function policyChecksOf(env: Record<string, string>): Promise<Check[]> {
  const { stdout } = await overhaul(['doctor', '--json'], { env });
  return (JSON.parse(stdout) as { checks: Check[] }).checks.filter(({ name }) => name === 'policy');
}

describe('doctor', () => {
  test('says which policy the workers have', async () => {
    const { ledger, env } = await ledgerWith(ONE);
    await ledger.policies.announce('7@here', { digest: policyDigest(policyIn(ONE)), readAt: 1 });
    const checks = await policyChecksOf({ ...env, OVERHAUL_CONFIG: fileWith(ONE) });
    expect(checks).toEqual([
      {
        name: 'policy',
        state: 'ok',
        detail: expect.stringMatching(/^the workers use version 1 \([0-9a-f]{12}\), read .* from \/etc\/overhaul.yaml$/),
      },
    ]);
    await ledger.close();
  });

  test.each<[string, string, (ledger: Ledger) => Promise<void>, RegExp]>([
    [
      'the file here says something else',
      OTHER,
      async () => undefined,
      /^the workers use version 1 .*the configuration here \([0-9a-f]{12}\) differs$/,
    ],
    [
      'two workers have two files',
      ONE,
      (ledger) => ledger.policies.announce('8@there', { digest: policyDigest(policyIn(OTHER)), source: 'x.yaml', readAt: 1 }),
      /^worker 8@there, x.yaml: its file \([0-9a-f]{12}\) differs from the policy in force/,
    ],
    [
      'a file was changed and is wrong',
      ONE,
      (ledger) => ledger.policies.announce('8@there', { digest: policyDigest(policyIn(ONE)), problem: 'policy.x: unknown key', readAt: 1 }),
      /the file is invalid and was ignored: policy.x: unknown key$/,
    ],
  ])('finds it wrong that %s', async (_, text, prepare, detail) => {
    const { ledger, env } = await ledgerWith(ONE);
    await prepare(ledger);
    const wrong = (await policyChecksOf({ ...env, OVERHAUL_CONFIG: fileWith(text) })).filter(({ state }) => state === 'wrong');
    expect(wrong).toEqual([{ name: 'policy', state: 'wrong', detail: expect.stringMatching(detail), fix: expect.any(String) }]);
    await ledger.close();
  });
});

test('show says which policy the workers have, that it differs, and what the run warns of', async () => {
  const { ledger, env } = await ledgerWith(ONE);
  await openSampleRun(ledger, 'patch', ['1']);
  await ledger.runs.addWarning('patch', 'Qualys lists no tag "Prod DB"');
  const config = { ...env, OVERHAUL_CONFIG: fileWith(OTHER) };
  const { stdout } = await overhaul(['show', 'patch'], { env: config });
  expect(stdout).toContain('Qualys lists no tag "Prod DB"');
  expect(stdout).toMatch(/policy +the workers use version 1/);
  const json = JSON.parse((await overhaul(['show', 'patch', '--json'], { env: config })).stdout) as Record<string, unknown>;
  expect(json).toMatchObject({
    policy: { version: 1, differs: true, source: '/etc/overhaul.yaml' },
    warnings: ['Qualys lists no tag "Prod DB"'],
  });
  await ledger.close();
});
