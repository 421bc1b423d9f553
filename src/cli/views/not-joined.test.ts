import { expect, test } from '@jest/globals';
import { overhaul } from '../../../test/support/command-line.js';
import { closeSampleRun, emptyLedger, openSampleRun } from '../../../test/support/ledger/sample.js';
import { NOT_JOINED, type NotJoined, notJoinedRecords } from '../../domain/targets/join-record.js';

test('show and the JSON report name what could not be joined, and count the rest', async () => {
  const { env, ledger } = await emptyLedger();
  try {
    await openSampleRun(ledger, 'patch', ['1', '2']);
    const hosts = Array.from(
      { length: 40 },
      (_, index): NotJoined => ({ source: 'gav', id: `${index}`, name: `web-${index}`, why: 'unknown' }),
    );
    for (const detail of notJoinedRecords(1, 'gav', hosts)) await ledger.audit.add('patch', { action: NOT_JOINED, detail });
    await ledger.audit.add('patch', { action: 'pause', actor: 'kim' });
    const shown = await overhaul(['show', 'patch'], { env });
    expect(shown.stdout).toContain('  not joined  40 hosts of the query (the script was not sent there)\n');
    expect(shown.stdout).toContain('              web-19 (gav 19): unknown to CAR\n              and 20 more (list all with --json)\n');
    expect(shown.stdout).toContain('pause by kim (claimed)\n');
    expect(shown.stdout).not.toContain('not-joined');
    const document = JSON.parse((await overhaul(['show', 'patch', '--json'], { env })).stdout) as { notJoined: unknown; audit: unknown[] };
    expect(document.notJoined).toEqual({ count: 40, assets: hosts });
    expect(document.audit).toHaveLength(1);
    await closeSampleRun(ledger, 'patch');
    const report = JSON.parse((await overhaul(['report', 'patch', '--format', 'json'], { env })).stdout) as { notJoined: unknown };
    expect(report.notJoined).toEqual({ count: 40, assets: hosts });
  } finally {
    await ledger.close();
  }
});
