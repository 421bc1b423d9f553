import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { overhaul } from '../../../test/support/command-line.js';
import { ledgerOf } from '../../../test/support/ledger/inspector.js';
import { accepted, close, openRun, poll } from '../../../test/support/ledger/ledger.js';
import { emptyLedger, type SampleLedger } from '../../../test/support/ledger/sample.js';

let sample: SampleLedger;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reinterpret-'));
  sample = await emptyLedger();
  const { ledger } = sample;
  const fence = await openRun(ledger, 'patch', ['1', '2', '3', '4']);
  await accepted(ledger, 'patch', fence);
  const seen = poll(1, { 1: 'succeeded', 2: 'failed', 3: 'succeeded', 4: 'running' });
  await ledger.verdicts.record('patch', { ...seen, settled: true, slotFree: true }, { failed: 0, afterMs: 0 });
  await ledger.outputs.store('patch', [
    { assetId: '1', attempt: 1, output: Buffer.from('\ufeffVULNERABLE\r\n', 'utf16le') },
    { assetId: '2', attempt: 1, output: Buffer.from('fine') },
  ]);
  await close(ledger, 'patch');
});

afterAll(async () => {
  await sample.ledger.close();
  await rm(folder, { recursive: true });
});

async function reinterpreted(verdict: string, ...more: string[]) {
  const path = join(folder, 'verdict.yaml');
  await writeFile(path, verdict);
  return overhaul(['reinterpret', 'patch', '--verdict', path, ...more], { env: sample.env });
}

describe('overhaul reinterpret', () => {
  test('shows what would be different by output, and of how many none was stored', async () => {
    const before = await ledgerOf(sample.ledger).rows('attempts');
    const { exitCode, stdout } = await reinterpreted("output: [{ pattern: '^VULNERABLE$', is: failed }]", '--json');
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      ...{ id: 'patch', ended: 3, withoutOutput: 1 },
      changes: [
        {
          ...{ assetId: '1', name: 'host of 1', runId: 'patch', was: { outcome: 'succeeded' } },
          wouldBe: { outcome: 'failed', reason: 'told by its output', rule: 'verdict.output[0]' },
        },
      ],
    });
    expect(await ledgerOf(sample.ledger).rows('attempts')).toEqual(before);
  });

  test('shows what would be different by exit codes, for people', async () => {
    const { stdout, stderr } = await reinterpreted('exitCodes: { 3: skipped }');
    expect(stdout).toMatch(
      /^ASSET +NAME +WAS +WOULD BE +RULE +REASON\n2 +host of 2 +failed +skipped +verdict\.exitCodes\.3 +not-applicable\n$/,
    );
    expect(stderr).toBe('1 of 3 assets whose script has ended would have another outcome. Nothing was changed, nothing was sent.\n');
  });

  test('refuses rules that are none, with every problem, and a run that is not there', async () => {
    const wrong = await reinterpreted("output: [{ pattern: '(', is: failed }]\npreset: x");
    expect(wrong.exitCode).toBe(2);
    expect(wrong.stderr.split('\n')).toEqual([
      expect.stringMatching(/^The verdict .+verdict\.yaml has 2 problems\.$/),
      expect.stringMatching(/^ {2}output\[0\]\.pattern: error parsing regexp: missing closing \): `\(` \(.+verdict\.yaml:1\)$/),
      expect.stringMatching(/^ {2}preset: must be one of windows-installer, qualys-mitigation, finding-by-code \(.+verdict\.yaml:2\)$/),
      '',
    ]);
    const nowhere = await overhaul(['reinterpret', 'patch', '--verdict', join(folder, 'none.yaml')], { env: sample.env });
    expect([nowhere.exitCode, nowhere.stderr]).toEqual([2, expect.stringContaining('cannot read file')]);
    await writeFile(join(folder, 'empty.yaml'), '{}');
    expect((await overhaul(['reinterpret', 'other', '--verdict', join(folder, 'empty.yaml')], { env: sample.env })).exitCode).toBe(2);
  });
});
