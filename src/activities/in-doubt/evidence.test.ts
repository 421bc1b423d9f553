import { describe, expect, test } from '@jest/globals';
import { openRun, permitted, TERMS, useLedgers } from '../../../test/support/ledger/ledger.js';
import type { AssetJobRow, AuditRecord, ScriptJob } from '../../qualys/types.js';
import type { ActivityDependencies } from '../dependencies.js';
import { gatherEvidence } from './evidence.js';

const ledgers = useLedgers();
const AT = TERMS.serverAt + 10_000;

interface Shown {
  jobs: ScriptJob[];
  assetJobs?: AssetJobRow[];
  trail?: AuditRecord[];
  /** Calls that show a row more, which cannot be read. */
  unreadable?: ('searchJobs' | 'searchAssetJobs' | 'searchAssets' | 'activities')[];
}

const job = (id: string, createdAt: number, more: Partial<ScriptJob> = {}): ScriptJob => ({
  ...{ id, scriptId: '7', correlationUuid: `uuid-${id}`, createdAt, isTest: false },
  ...more,
});
const record = (at: number, userUuid: string): AuditRecord => ({
  ...{ id: String(at), at, user: userUuid, userUuid, action: 'Executed', targetName: 'Patch', targetId: '7' },
});
const assetJob = (assetId: string): AssetJobRow => ({ id: `row-${assetId}`, jobId: '900', assetId, status: 'EXECUTION PASSED' });

/**
 * What a resolution of a lost execute on assets 1 and 2 makes of this. Three earlier executions have shown that the trail calls us `us`.
 */
async function gathered({ jobs, assetJobs = [assetJob('1')], trail = [], unreadable = [] }: Shown) {
  const ledger = await ledgers.open();
  await permitted(ledger, 'r', await openRun(ledger, 'r', ['1', '2']));
  await ledger.trailVotes.add(
    TERMS.sender,
    ['1', '2', '3'].map((correlationUuid) => ({ correlationUuid, name: 'us', uuid: 'us' })),
  );
  const call = (name: 'searchJobs' | 'searchAssetJobs' | 'searchAssets' | 'activities', rows: unknown[]) =>
    async function* () {
      yield { rows, bytes: 1, unreadable: unreadable.includes(name) ? 1 : 0 };
    };
  const qualys = {
    username: 'api',
    identityHints: () => [],
    searchJobs: call('searchJobs', jobs),
    searchAssetJobs: call('searchAssetJobs', assetJobs),
    searchAssets: call('searchAssets', []),
    activities: call('activities', trail),
  };
  const [run, execution] = [await ledger.runs.get('r'), await ledger.executions.get('r', 1)];
  if (!run || !execution) throw new Error('nothing was lost');
  const dependencies = { ledger, qualys, sender: TERMS.sender, schedules: { timezone: 'UTC' } } as unknown as ActivityDependencies;
  return gatherEvidence(dependencies, { run, execution });
}

test.each([
  ['a test', { isTest: true }],
  ['a schedule', { schedulerId: '12' }],
])("the trail's record of %s is not taken for that of the job beside it", async (_, more) => {
  const { candidates } = await gathered({ jobs: [job('901', AT + 200, more), job('900', AT)], trail: [record(AT + 300, 'them')] });
  expect(candidates).toMatchObject([{ jobId: '900', attribution: 'absent' }]);
});

describe('a row that cannot be read', () => {
  test('leaves nothing to be proved, whether it is a job or an asset job', async () => {
    const jobs = [job('900', AT)];
    expect(await gathered({ jobs })).toMatchObject({ complete: true });
    expect(await gathered({ jobs, unreadable: ['searchJobs'] })).toMatchObject({ complete: false });
    expect(await gathered({ jobs, unreadable: ['searchAssetJobs'] })).toMatchObject({ complete: false });
  });

  test("of the trail may be ours: another user's record does not rule a job out, and the silence of the trail means nothing", async () => {
    const jobs = [job('900', AT)];
    const said = async (shown: Omit<Shown, 'jobs'>) => (await gathered({ jobs, ...shown })).candidates[0]?.attribution;
    expect(await said({ trail: [record(AT, 'them')] })).toBe('foreign');
    expect(await said({ trail: [record(AT, 'them')], unreadable: ['activities'] })).toBe('absent');
    expect(await said({ trail: [] })).toBe('silent');
    expect(await said({ trail: [], unreadable: ['activities'] })).toBe('absent');
    expect(await said({ trail: [record(AT, 'us')], unreadable: ['activities'] })).toBe('ours');
  });

  test('of the assets may be that of one which would else count as listed no more', async () => {
    const jobs = [job('900', AT)];
    expect(await gathered({ jobs })).toMatchObject({ unlisted: ['2'] });
    expect(await gathered({ jobs, unreadable: ['searchAssets'] })).toMatchObject({ unlisted: [] });
  });
});
