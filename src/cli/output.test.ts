import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { overhaul, type Ran } from '../../test/support/command-line.js';
import { accepted, openRun, poll } from '../../test/support/ledger/ledger.js';
import { closeSampleRun, emptyLedger, openSampleRun, type SampleLedger } from '../../test/support/ledger/sample.js';

let sample: SampleLedger;

const UTF16 = Buffer.from('Prüfung fehlgeschlagen\r\n', 'utf16le');

beforeAll(async () => {
  sample = await emptyLedger();
  const { ledger } = sample;
  await openSampleRun(ledger, 'done', ['5', '6', '7', '9', '10']);
  await ledger.outputs.store('done', [
    { assetId: '5', attempt: 1, output: Buffer.from('line one\nno end') },
    { assetId: '6', attempt: 1, output: Buffer.concat([Buffer.from([0xff, 0xfe]), UTF16]) },
    { assetId: '7', attempt: 1, output: Buffer.from('\x1b[31mred\x1b[0m\r\nbell\x07\tend\n') },
    { assetId: '9', attempt: 1, output: UTF16 },
    { assetId: '10', attempt: 1, output: Buffer.alloc(0) },
  ]);
  const fence = await openRun(ledger, 'oem', ['1'], { verdict: { encoding: 'ibm866' } });
  await accepted(ledger, 'oem', fence);
  await ledger.outputs.store('oem', [{ assetId: '1', attempt: 1, output: Buffer.from([0x8f, 0xe0, 0xae, 0xa2, 0xa5, 0xe0, 0xaa, 0xa0]) }]);
});

afterAll(() => sample.ledger.close());

const output = (run: string, asset: string, more: { terminal?: number; args?: readonly string[] } = {}): Promise<Ran> =>
  overhaul(['output', run, asset, ...(more.args ?? [])], { env: sample.env, ...(more.terminal ? { terminal: more.terminal } : {}) });

describe('overhaul output prints text', () => {
  test.each([
    ['UTF-8', '5', 'line one\nno end'],
    ['UTF-16 with its mark', '6', 'Prüfung fehlgeschlagen\r\n'],
    ['UTF-16 without a mark', '9', 'Prüfung fehlgeschlagen\r\n'],
  ])('decoded where it is piped: %s', async (_, asset, text) => {
    expect(await output('done', asset)).toEqual({ exitCode: 0, stdout: text, stderr: '' });
  });

  test('in the encoding that the request names', async () => {
    expect((await output('oem', '1')).stdout).toBe('Проверка');
    expect(JSON.parse((await output('oem', '1', { args: ['--json'] })).stdout)).toEqual({ assetId: '1', output: 'Проверка' });
  });

  test('that ends with a line end on a terminal, and cannot play with it', async () => {
    expect((await output('done', '5', { terminal: 80 })).stdout).toBe('line one\nno end\n');
    expect((await output('done', '7', { terminal: 80 })).stdout).toBe('red\nbell\tend\n');
  });

  test('and of a script that wrote nothing says so beside', async () => {
    expect(await output('done', '10', { terminal: 80 })).toEqual({ exitCode: 0, stdout: '', stderr: 'The script wrote nothing.\n' });
  });
});

describe('overhaul output --raw', () => {
  test('is byte by byte what is stored, on a terminal too', async () => {
    expect((await output('done', '7', { args: ['--raw'], terminal: 80 })).stdout).toBe('\x1b[31mred\x1b[0m\r\nbell\x07\tend\n');
    expect(await output('done', '5', { args: ['--raw'], terminal: 80 })).toMatchObject({ stdout: 'line one\nno end', stderr: '\n' });
    expect(await output('done', '5', { args: ['--raw'] })).toMatchObject({ stdout: 'line one\nno end', stderr: '' });
    expect((await output('done', '9', { args: ['--raw'] })).stdout).toBe(UTF16.toString('utf8'));
  });

  test('is not for JSON', async () => {
    expect(await output('done', '7', { args: ['--raw', '--json'] })).toMatchObject({ exitCode: 2, stdout: '' });
  });
});

describe('overhaul output without any output says which reason it is, and what to do', () => {
  beforeAll(async () => {
    const { ledger } = sample;
    const watched = { failed: 0, afterMs: 0 };
    await openRun(ledger, 'waiting', ['1']);

    const running = await openRun(ledger, 'running', ['8', '2', '3', '4']);
    await accepted(ledger, 'running', running);
    await ledger.verdicts.record('running', poll(1, { '8': 'running', '2': 'succeeded', '3': 'failed', '4': 'missing' }), watched);
    await ledger.outputs.markAbsent('running', [{ assetId: '3', attempt: 1 }]);

    for (const wanted of ['failed', 'none'] as const) {
      const fence = await openRun(ledger, wanted, ['11', '12'], { output: wanted });
      await accepted(ledger, wanted, fence);
      await ledger.verdicts.record(wanted, poll(1, { '11': 'succeeded', '12': 'failed' }, { outputOf: wanted }), watched);
    }

    await openSampleRun(ledger, 'never', ['21']);
    await closeSampleRun(ledger, 'never');
    const cut = await openRun(ledger, 'cut', ['31']);
    await accepted(ledger, 'cut', cut);
    await ledger.verdicts.record('cut', poll(1, { '31': 'succeeded' }), watched);
    await closeSampleRun(ledger, 'cut');
  });

  test.each([
    ['waiting', '1', 'No output yet: the script was not sent to asset 1. What it waits for is in: overhaul show waiting'],
    ['running', '8', 'No output yet: Qualys has no verdict for asset 8. Wait for it with: overhaul watch running'],
    [
      ...['running', '2'],
      'No output yet: asset 2 has ended (succeeded), and its output was not fetched so far. Qualys is asked for many at once, at the latest 15 minutes after the verdict or at the end of the run. Wait for it with: overhaul watch running',
    ],
    [
      ...['running', '3'],
      'No output: Qualys gave none for asset 3 (failed) within 2 minutes of the verdict, and later output is not fetched. Look for it at Qualys, in job job-1.',
    ],
    [...['running', '4'], 'No output: Qualys has no asset job for asset 4 (missing, no-asset-job), so the script did not run there.'],
    [
      ...['failed', '11'],
      'No output: failed stores the output of failed assets only (output: failed), and asset 11 is succeeded. Look for it at Qualys, in job job-1; runs that are started with --output all store it.',
    ],
    [
      ...['none', '12'],
      'No output: none stores no output (output: none), and asset 12 is failed. Look for it at Qualys, in job job-1; runs that are started with --output all store it.',
    ],
    [
      ...['never', '21'],
      'No output: the script was never sent to asset 21 (skipped, interrupted). Others like it: overhaul assets never --outcome skipped',
    ],
    ['cut', '31', 'No output: cut ended before the output of asset 31 (succeeded) was fetched. Look for it at Qualys, in job job-1.'],
  ])('%s %s', async (run = '', asset = '', text) => {
    expect(await output(run, asset)).toEqual({ exitCode: 1, stdout: '', stderr: `${text}\n` });
  });

  test('an asset that is not in the run, and a run that nobody knows', async () => {
    expect(await output('waiting', '77')).toEqual({
      ...{ exitCode: 2, stdout: '' },
      stderr: 'Asset 77 is not in waiting. Search its assets with: overhaul assets waiting --q 77\n',
    });
    expect((await output('other', '1')).stderr).toBe('No run other. List runs with: overhaul list\n');
  });
});
