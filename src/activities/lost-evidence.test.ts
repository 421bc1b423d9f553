import { expect, test } from '@jest/globals';
import { openRun, permitted, TERMS, useLedgers } from '../../test/support/test-ledger.js';
import type { ScriptJob } from '../qualys/qualys.js';
import type { ActivityDependencies } from './dependencies.js';
import { gatherEvidence } from './lost-evidence.js';

const ledgers = useLedgers();
const AT = TERMS.serverAt + 10_000;

test.each([
  ['a test', { isTest: true }],
  ['a schedule', { isTest: false, schedulerId: '12' }],
])("the trail's record of %s is not taken for that of the job beside it", async (_, more) => {
  const ledger = await ledgers.open();
  await permitted(ledger, 'r', await openRun(ledger, 'r', ['1', '2']));
  const uuid = 'f9a1c6de-0000-4000-8000-000000000001';
  await ledger.trailVotes.add(
    TERMS.sender,
    ['1', '2', '3'].map((correlationUuid) => ({ correlationUuid, name: 'us', uuid })),
  );
  const job = (id: string, createdAt: number): ScriptJob => ({
    id,
    scriptId: '7',
    correlationUuid: `uuid-${id}`,
    createdAt,
    isTest: false,
  });
  async function* page<T>(...rows: T[]) {
    yield { rows, bytes: 1 };
  }
  const theirs = { id: '1', at: AT + 300, user: 'them', userUuid: 'another', action: 'Executed', targetName: 'Patch', targetId: '7' };
  const qualys = {
    username: 'api',
    identityHints: () => [],
    searchJobs: () => page({ ...job('901', AT + 200), ...more }, job('900', AT)),
    searchAssetJobs: () => page({ id: 'row', jobId: '900', assetId: '1', status: 'EXECUTION PASSED' }),
    searchAssets: () => page(),
    activities: () => page(theirs),
  };
  const [run, execution] = [await ledger.runs.get('r'), await ledger.executions.get('r', 1)];
  if (!run || !execution) throw new Error('nothing was lost');
  const dependencies = { ledger, qualys, sender: TERMS.sender, schedules: { timezone: 'UTC' } } as unknown as ActivityDependencies;
  const { candidates } = await gatherEvidence(dependencies, { run, execution });
  expect(candidates).toMatchObject([{ jobId: '900', witness: 'absent' }]);
});
