import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { callerWith, type HeldClock, heldClock, signIn } from '../../../test/support/gateway/caller.js';
import { openRun, TERMS, useLedgers } from '../../../test/support/ledger/ledger.js';
import { FollowUpSchema } from '../../contracts/request.js';
import type { Ledger } from '../../ledger/index.js';
import { createQualys, type QualysClient } from '../../qualys/client.js';
import { type Simulator, startSimulator } from '../../simulator/index.js';
import type { SimulatorOptions } from '../../simulator/options.js';
import type { ActivityDependencies } from '../dependencies.js';
import { refuseImpossibleFollowUp } from '../opening/follow-up.js';
import { askWhoWeAre, whoWeAre } from './audit-trail.js';

const FIRST = 20_452_610;
const ledgers = useLedgers();
const SCHEDULE = FollowUpSchema.parse({ kind: 'schedule', on: 'always', scheduleType: 'ONE_TIME', after: '1d' });
const DISPLAY = { displayNames: { demo: 'FIM Automation', ada: 'Ada L.' } };

let ledger: Ledger;
let simulator: Simulator;
let qualys: QualysClient;
let clock: HeldClock;
let dependencies: ActivityDependencies;
afterEach(async () => {
  await qualys.close();
  await simulator.close();
});

/** A ledger with so many executions that Qualys answered, half a minute apart, at a gateway with these options. */
async function sent(
  executions: number,
  options: SimulatorOptions = {},
  schedules: Partial<ActivityDependencies['schedules']> = {},
): Promise<void> {
  clock = heldClock();
  ledger = await ledgers.open();
  simulator = await startSimulator({ scripts: [{ id: 7, title: 'Patch' }], indexLagMs: 0, ...DISPLAY, ...options, now: clock.now });
  qualys = createQualys({
    baseUrl: simulator.url,
    username: 'demo',
    password: () => 'demo',
    gate: ledger.calls,
    clock: ledger.serverClock,
  });
  dependencies = { ledger, qualys, sender: TERMS.sender, schedules: { timezone: 'UTC', ...schedules } } as unknown as ActivityDependencies;
  const caller = callerWith(simulator.url, await signIn(simulator.url));
  const ids = Array.from({ length: executions * 25 }, (_, index) => String(FIRST + index));
  const fence = await openRun(ledger, 'r', ids);
  for (let one = 0; one < executions; one += 1) {
    const execution = await ledger.executions.claim('r', fence);
    const permit =
      execution && (await ledger.executions.permit('r', execution.executionNo, { fence, terms: { ...TERMS, serverAt: clock.now() } }));
    if (!execution || permit?.kind !== 'granted') throw new Error('no permit');
    await caller.execute(permit.assetIds.map(Number), 7);
    const { correlationUuid, jobId, simulatedAt } = simulator.state.executions.findLast(({ user }) => user === 'demo') ?? {
      correlationUuid: '',
      jobId: '',
      simulatedAt: 0,
    };
    await ledger.executions.accept('r', execution.executionNo, {
      permit: permit.permit,
      correlationUuid,
      serverAt: simulatedAt,
      configuredIntervalMs: 0,
    });
    await ledger.verdicts.setJob('r', execution.executionNo, { jobId, createdAt: simulatedAt });
    clock.advance(30_000);
  }
  await caller.get('/sm/v1/scripts/7');
}

const opening = (): Promise<void> => refuseImpossibleFollowUp(dependencies, { runId: 'r', followUp: SCHEDULE });
const follower = (followsMs: number) => ({ username: 'ada', followsMs, scriptId: 7, assetsPerRun: 5, fromIndex: 200 });

describe('who we are in the trail', () => {
  test('is read beside three executions that Qualys answered, and not beside two', async () => {
    await sent(2);
    expect(await askWhoWeAre(dependencies, 'r')).toBeUndefined();
    await qualys.close();
    await simulator.close();
    await sent(3);
    expect(await askWhoWeAre(dependencies, 'r')).toEqual({ name: 'FIM Automation', uuid: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    expect(await whoWeAre(dependencies)).toMatchObject({ name: 'FIM Automation' });
  });

  test('is not learned where another operator executes in the same second: never is his name taken for ours', async () => {
    await sent(5, { foreignOperator: follower(800) });
    expect(await askWhoWeAre(dependencies, 'r')).toBeUndefined();
    expect(await ledger.trailVotes.of(TERMS.sender)).toEqual([]);
  });

  test('is learned where the other operator comes ten seconds later', async () => {
    await sent(3, { foreignOperator: follower(10_000) });
    expect(await askWhoWeAre(dependencies, 'r')).toMatchObject({ name: 'FIM Automation' });
  });

  test.each(['activities', 'searchJobs'] as const)(
    "is not learned while a row of %s cannot be read, which may be another user's",
    async (call) => {
      await sent(3);
      const walk = qualys[call].bind(qualys) as (options: object) => AsyncIterable<object>;
      const unread = async function* (options: object) {
        for await (const page of walk(options)) yield { ...page, unreadable: 1 };
      };
      jest.spyOn(qualys, call).mockImplementation(unread as never);
      expect(await askWhoWeAre(dependencies, 'r')).toBeUndefined();
      jest.restoreAllMocks();
      expect(await askWhoWeAre(dependencies, 'r')).toMatchObject({ name: 'FIM Automation' });
    },
  );

  test('is what the operator says, where he says it', async () => {
    await sent(3, {}, { userId: '4711' });
    await askWhoWeAre(dependencies, 'r');
    expect(await whoWeAre(dependencies)).toEqual({ name: 'FIM Automation', uuid: '4711' });
  });
});

describe('a run with a schedule to follow', () => {
  test('is refused before anything is sent while nobody knows whose schedule it would be', async () => {
    await sent(0);
    await expect(opening()).rejects.toMatchObject({
      type: 'InvalidRequest',
      message: expect.stringMatching(
        /^followUp: the scheduler needs the id of the API user, .*: set QUALYS_USER_ID \(a UUID or a number\)\. Nothing was sent\.$/,
      ),
    });
  });

  test('is opened once the trail has shown who we are, and where the operator has said it', async () => {
    await sent(3);
    await expect(opening()).resolves.toBeUndefined();
    await qualys.close();
    await simulator.close();
    await sent(0, {}, { userId: '317df02c-4ad1-55e2-83a3-5646a34fceec' });
    await expect(opening()).resolves.toBeUndefined();
  });
});
