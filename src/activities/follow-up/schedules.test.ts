import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { type HeldClock, heldClock } from '../../../test/support/gateway/caller.js';
import { type HearingTemporal, hearingTemporal } from '../../../test/support/hearing-temporal.js';
import { backUpLedger } from '../../../test/support/ledger/backup.js';
import { rewriteRun } from '../../../test/support/ledger/damage.js';
import { accepted, close, openRun, useLedgers } from '../../../test/support/ledger/ledger.js';
import { find } from '../../../test/support/ledger/scenario.js';
import { defaultPolicy, type NeverTouch } from '../../contracts/policy.js';
import type { RemediationRequestInput } from '../../contracts/request.js';
import type { FollowUpReport } from '../../domain/run/outcome.js';
import type { Issued } from '../../domain/run/snapshot.js';
import type { Ledger } from '../../ledger/index.js';
import { createQualys, type QualysClient } from '../../qualys/client.js';
import { type Simulator, startSimulator } from '../../simulator/index.js';
import type { SimulatorOptions } from '../../simulator/options.js';
import type { ActivityDependencies } from '../dependencies.js';
import { createCloseRun } from '../run/close.js';
import { createScheduleFollowUp, type FollowUpResult } from './create.js';

type FollowUp = NonNullable<RemediationRequestInput['followUp']>;
type ScheduleType = 'ONE_TIME' | 'HOURLY' | 'DAILY' | 'WEEKLY' | 'MONTHLY';

const ledgers = useLedgers();
const TITLE = 'Overhaul follow-up of r';
/** A Monday. The ledger counts on from here in real time: half a minute is left to the full one. */
const NOW = '2026-01-05T07:59:30Z';
const TOMORROW = { startDate: '2026-01-06', startTime: '02:00' };
const AGENTS = ['agent-1', 'agent-2'];

let ledger: Awaited<ReturnType<typeof ledgers.open>>;
let simulator: Simulator;
let qualys: QualysClient;
let clock: HeldClock;
let timezone: string;

beforeEach(async () => {
  ledger = await ledgers.open();
  clock = heldClock(Date.parse(NOW));
  timezone = 'UTC';
});
afterEach(async () => {
  await qualys?.close();
  await simulator?.close();
});

/** A finished run of script 7 whose two assets failed, at a gateway with these options. */
async function finished(followUp: object, options: SimulatorOptions = {}): Promise<void> {
  simulator = await startSimulator({ scripts: [{ id: 7, title: 'Patch' }], ...options, now: clock.now });
  qualys = createQualys({
    ...{ baseUrl: simulator.url, username: 'demo', password: () => 'demo' },
    ...{ gate: ledger.calls, clock: ledger.serverClock },
  });
  const schedule = { kind: 'schedule', on: 'unresolved', scheduleType: 'ONE_TIME', ...followUp } as FollowUp;
  await openRun(ledger, 'r', ['101', '102'], { followUp: schedule });
  for (const [index, agent] of AGENTS.entries()) {
    await find(ledger, { outcome: 'failed', agentUuid: agent }, { seq: index + 1 });
  }
}

interface Following {
  /** What the workflow knows. */
  issued?: Issued;
  told?: HearingTemporal;
  /** Another ledger than that of the run. */
  of?: Ledger;
}

function follow({ issued, told = hearingTemporal(), of = ledger }: Following = {}): Promise<FollowUpResult> {
  const dependencies = {
    ...{ ledger: of, qualys, policy: defaultPolicy(), taskQueue: 'q', sender: 'demo at q', client: told.client },
    schedules: { userId: 'user-1', timezone },
  } as unknown as ActivityDependencies;
  return new MockActivityEnvironment().run(createScheduleFollowUp(dependencies).scheduleFollowUp, { runId: 'r', issued });
}

async function reported(): Promise<FollowUpReport | undefined> {
  return (await createCloseRun({ ledger }).closeRun({ runId: 'r', reason: 'not-sent' })).followUp;
}

const titles = () => simulator.state.schedules.map(({ title }) => title);
const asked = () => simulator.state.calls.filter(({ path }) => path === '/sm/v1/scripts/scheduler').length;
const audited = async () => (await ledger.audit.of('r')).map(({ action, detail }) => `${action}: ${detail}`);

/** Somebody else's schedule of our title; by default with another script than ours. */
function foreign(body: object = { scripts: [{ id: 8, title: 'Other' }] }): SimulatorOptions {
  return { schedules: [{ title: TITLE, body: { ...body } }] };
}

/** What ours looks like, when it starts tomorrow. */
const OURS = {
  scripts: [{ id: '7', title: 'Patch' }],
  assets: [
    { UUId: 'agent-1', id: 101 },
    { UUId: 'agent-2', id: 102 },
  ],
  ...{ scheduleType: 'ONE_TIME', startDate: '2026-01-06', startTime: '02:00:00', endDate: '2026-01-06' },
};

describe('a follow-up schedule of each type', () => {
  test.each<[ScheduleType, object, object]>([
    ['ONE_TIME', {}, { startDate: '2026-01-05', startTime: '09:00:00', endDate: '2026-01-05' }],
    ['HOURLY', { hourlyInterval: 6 }, { hourlyInterval: 6, startDate: '2026-01-05', startTime: '09:00:00', endDate: '2026-01-05' }],
    ['DAILY', { ...TOMORROW, endDate: '2026-01-31' }, { startDate: '2026-01-06', startTime: '02:00:00', endDate: '2026-01-31' }],
    ['WEEKLY', { daysOfWeek: ['Sunday', 'MON', '7'], endDate: '2026-01-31' }, { daysOfWeek: ['1', '2', '7'], startDate: '2026-01-05' }],
    [
      'MONTHLY',
      { recurrenceDate: 31, startTime: '02:00', endDate: '2026-01-31' },
      { recurrenceDate: 31, recurrenceMonth: 1, monthlyScheduleType: 'MONTHLY_DATE_OF_MONTH_JOB', startDate: '2026-01-06' },
    ],
  ])('%s is created as the documents have it', async (scheduleType, fields, expected) => {
    await finished({ scheduleType, ...fields });
    expect(await follow()).toEqual({});
    expect(simulator.state.schedules.map(({ title, body }) => [title, body])).toEqual([
      [TITLE, expect.objectContaining({ scheduleType, scripts: OURS.scripts, assets: OURS.assets, ...expected })],
    ]);
    expect(await reported()).toEqual({ kind: 'schedule', ids: [simulator.state.schedules[0]?.id], titles: [TITLE] });
  });

  test('is asked for in the zone of the scheduler', async () => {
    timezone = 'Asia/Kolkata';
    await finished({});
    await follow();
    expect(simulator.state.schedules[0]?.body).toMatchObject({ startDate: '2026-01-05', startTime: '14:30:00' });
  });
});

describe('a follow-up schedule that has become impossible is not sent, and the report says why', () => {
  test.each<[string, object, string]>([
    [
      'its start has passed',
      { startDate: '2026-01-05', startTime: '07:59' },
      'followUp.startDate: the start, 2026-01-05 07:59:00, is in the past: in UTC it is 2026-01-05 07:59:',
    ],
    [
      'its end has passed',
      { scheduleType: 'DAILY', endDate: '2026-01-04' },
      'followUp.endDate: 2026-01-04 is in the past: in UTC it is 2026-01-05 07:59:',
    ],
    [
      'none of its days is left',
      { scheduleType: 'WEEKLY', daysOfWeek: ['SUN'], endDate: '2026-01-10' },
      'followUp.daysOfWeek: no SUN between 2026-01-05 and 2026-01-10: it would never run',
    ],
  ])('%s', async (_what, followUp, why) => {
    await finished(followUp);
    expect(await follow()).toEqual({});
    expect(asked()).toBe(0);
    const report = await reported();
    const refused = report?.refused?.[0] ?? '';
    expect(refused.startsWith(`"${TITLE}" and later parts are not scheduled. ${why}`)).toBe(true);
    expect([report, await audited()]).toEqual([
      { kind: 'schedule', ids: [], titles: [], refused: [refused] },
      [`follow-up-refused: ${refused}`],
    ]);
  });

  test('its script was changed while the run went on', async () => {
    await finished({}, { scripts: [{ id: 7, title: 'Patch', content: 'old' }] });
    const before = (await qualys.script('7')).sha256;
    await rewriteRun(ledger, { scriptSha256: before });
    simulator.state.changeScript(7, { content: 'new' });
    await follow();
    expect(asked()).toBe(0);
    expect((await reported())?.refused).toEqual([
      expect.stringMatching(`instead of ${before}, it had when the run was opened. It has changed since`),
    ]);
  });

  test('its script is deprecated by now', async () => {
    await finished({});
    simulator.state.changeScript(7, { status: 'DEPRECATED' });
    await follow();
    expect(asked()).toBe(0);
    expect((await reported())?.refused).toEqual(['Script 7 (Patch) is DEPRECATED. Only approved scripts may run.']);
  });

  test('Qualys will not have it', async () => {
    await finished({ ...TOMORROW });
    await ledger.schedules.set('r', {
      title: TITLE,
      state: 'planned',
      order: JSON.stringify({ ...OURS, title: TITLE, runId: 'r', assets: [] }),
    });
    await follow();
    expect(await reported()).toEqual({
      ...{ kind: 'schedule', ids: [], titles: [] },
      refused: [`${TITLE}: HTTP 400, error code 400: Either assets or assetTags must hold an entry`],
    });
  });
});

describe('what policy keeps from every script by now', () => {
  const keep = (neverTouch: Partial<NeverTouch>) =>
    ledger.policies.offer({
      policy: { ...defaultPolicy(), neverTouch: { assetIds: [], tags: [], hostnames: [], ...neverTouch } },
      isChange: true,
    });
  const scheduled = () => simulator.state.schedules.map(({ body }) => (body.assets as { id: unknown }[]).map(({ id }) => Number(id)));

  test.each<[string, Partial<NeverTouch>]>([
    ['by id', { assetIds: ['102'] }],
    ['by a name that the ledger knows', { hostnames: ['db-2'], unknown: 'warn' }],
  ])('is in no schedule: %s', async (_, neverTouch) => {
    await finished({ ...TOMORROW });
    await find(ledger, { name: 'DB-2.example.com' }, { seq: 2 });
    await keep(neverTouch);
    expect(await follow()).toEqual({});
    expect(scheduled()).toEqual([[101]]);
    expect(await audited()).toContain('follow-up-cut: 1 of 2 assets are left out: policy excludes them from all scripts');
  });

  test('leaves no schedule where it is all', async () => {
    await finished({ ...TOMORROW });
    await keep({ assetIds: ['101', '102'] });
    expect(await follow()).toEqual({});
    expect(asked()).toBe(0);
    expect((await reported())?.refused).toEqual(['2 of 2 assets are left out: policy excludes them from all scripts']);
  });

  test('is not asked for again after an answer that was lost, nor is what would share its schedule', async () => {
    await finished({ ...TOMORROW });
    const order = { ...OURS, title: TITLE, description: '', user: { id: '', name: '' }, runId: 'r' };
    await ledger.schedules.set('r', { title: TITLE, state: 'intended', order: JSON.stringify(order) });
    await keep({ assetIds: ['102'] });
    expect(await follow()).toEqual({});
    expect(asked()).toBe(0);
    expect((await reported())?.refused).toContain(`${TITLE}: it contains an asset that policy now excludes from all scripts`);
  });

  test('is left out of a schedule that Qualys has only refused so far', async () => {
    await finished({ ...TOMORROW });
    const order = { ...OURS, title: TITLE, description: '', user: { id: '', name: '' }, runId: 'r' };
    await ledger.schedules.set('r', { title: TITLE, state: 'planned', order: JSON.stringify(order) });
    await keep({ assetIds: ['102'] });
    expect(await follow()).toEqual({});
    expect([scheduled(), titles()]).toEqual([[[101]], [TITLE]]);
  });

  test('has to be known first: nothing is scheduled while Qualys does not know a name of it', async () => {
    await finished({ ...TOMORROW });
    await keep({ hostnames: ['nobody'] });
    const { blocked } = await follow();
    expect(blocked).toMatchObject({ kind: 'policy', why: expect.stringContaining('Qualys knows no host "nobody"') });
    expect(asked()).toBe(0);
    await keep({ hostnames: [] });
    expect(await follow()).toEqual({});
    expect(scheduled()).toEqual([[101, 102]]);
  });
});

describe('after an answer that was lost', () => {
  const LOST: SimulatorOptions = { faults: { loseSchedules: [1] } };

  async function followedTwice(): Promise<void> {
    expect((await follow()).blocked?.kind).toBe('unavailable');
    // Its dates are counted from the first attempt, whenever the second comes.
    clock.advance(120_000);
    expect(await follow()).toEqual({});
  }

  test.each(['full', 'brief'] as const)(
    'a schedule that proves identical is ours: a search that shows %s rows',
    async (schedulerSearch) => {
      await finished({ after: '2h' }, { ...LOST, schedulerSearch });
      await followedTwice();
      expect([asked(), titles()]).toEqual([1, [TITLE]]);
      expect(await reported()).toEqual({ kind: 'schedule', ids: [simulator.state.schedules[0]?.id], titles: [TITLE] });
    },
  );

  test.each<[SimulatorOptions['schedulerSearch'], string, number]>([
    ['brief-only', 'does not show its scriptIds', 1],
    // It is asked for again, because only a 409 proves there that the title is taken.
    ['off', 'this gateway does not show its content', 2],
  ])('a schedule that cannot be compared is taken for ours, and said to be unverified: search %s', async (schedulerSearch, why, calls) => {
    await finished({}, { ...LOST, ...(schedulerSearch ? { schedulerSearch } : {}) });
    await followedTwice();
    expect([asked(), titles()]).toEqual([calls, [TITLE]]);
    expect(await ledger.schedules.of('r')).toMatchObject([{ state: 'exists', detail: expect.stringContaining(why) }]);
    expect(await reported()).toEqual({ kind: 'schedule', ids: [], titles: [TITLE], unverified: [TITLE] });
  });

  describe('that may never have been asked for, where only titles that contain ours can be counted', () => {
    const LONGER: SimulatorOptions = { schedules: [{ title: `${TITLE}0`, body: {} }], schedulerSearch: 'off' };

    async function intended(startDate: string): Promise<void> {
      await finished({}, LONGER);
      const order = { ...OURS, startDate, title: TITLE, description: '', user: { id: '', name: '' }, runId: 'r' };
      await ledger.schedules.set('r', { title: TITLE, state: 'intended', order: JSON.stringify(order) });
      expect(await follow()).toEqual({});
    }

    test('the schedule is asked for: another title that holds ours is no sign of it', async () => {
      await intended('2026-01-06');
      expect([asked(), titles()]).toEqual([1, [`${TITLE}0`, TITLE]]);
      expect(await reported()).toEqual({ kind: 'schedule', ids: [simulator.state.schedules[1]?.id], titles: [TITLE] });
    });

    test('it is refused when its start has passed, and nobody is told that it is there', async () => {
      await intended('2026-01-04');
      expect(asked()).toBe(0);
      expect((await reported())?.refused).toEqual([
        expect.stringMatching(/is in the past.*; an earlier attempt may have created it; this gateway does not show it$/),
      ]);
    });
  });

  test('a schedule that differs is never ours: another title is tried', async () => {
    await finished({}, foreign());
    await ledger.schedules.set('r', { title: TITLE, state: 'intended' });
    expect(await follow()).toEqual({});
    const marked = expect.stringMatching(/^Overhaul follow-up of r \[[0-9a-f]{16}\]$/);
    expect(titles()).toEqual([TITLE, marked]);
    expect(await reported()).toEqual({ kind: 'schedule', ids: [simulator.state.schedules[1]?.id], titles: [marked] });
    expect(await ledger.schedules.get('r', TITLE)).toMatchObject({
      state: 'taken',
      detail: expect.stringMatching(/has another scriptIds$/),
    });
  });

  test('nothing under the title means that it may be asked for again, with the same dates', async () => {
    await finished({ after: '2h' });
    const order = { ...OURS, title: TITLE, description: '', user: { id: '', name: '' }, runId: 'r' };
    await ledger.schedules.set('r', { title: TITLE, state: 'intended', order: JSON.stringify(order) });
    await follow();
    expect(simulator.state.schedules.map(({ body }) => body.startTime)).toEqual(['02:00:00']);
  });

  test('nothing under the title, and the start has passed: it is not asked for again', async () => {
    await finished({ after: '2h' });
    const order = { ...OURS, startDate: '2026-01-04', title: TITLE, runId: 'r' };
    await ledger.schedules.set('r', { title: TITLE, state: 'intended', order: JSON.stringify(order) });
    await follow();
    expect(asked()).toBe(0);
    expect((await reported())?.refused).toEqual([expect.stringContaining('the start, 2026-01-04 02:00:00, is in the past')]);
  });
});

describe('a title that is taken at the first attempt', () => {
  test.each(['full', 'off'] as const)('is somebody else’s: another one is tried, search %s', async (schedulerSearch) => {
    await finished({}, { ...foreign(), schedulerSearch });
    await follow();
    expect(titles()).toEqual([TITLE, expect.stringMatching(/\]$/)]);
    expect(await audited()).toEqual([
      expect.stringMatching(/^schedule-retitled: "Overhaul follow-up of r" belongs to somebody else; using ".*\]"$/),
    ]);
  });

  test('by a schedule that is identical needs no second one', async () => {
    await finished({ ...TOMORROW }, foreign(OURS));
    await follow();
    expect(titles()).toEqual([TITLE]);
    expect(await reported()).toEqual({ kind: 'schedule', ids: [simulator.state.schedules[0]?.id], titles: [TITLE] });
  });

  test.each<[string, object, string]>([
    ['other assets', { assets: [{ UUId: 'agent-1', id: 101 }] }, 'assetIds'],
    ['tags besides', { assetTags: [{ UUId: 'x', id: 1 }] }, 'assetTags'],
    ['another day', { startDate: '2026-01-07', endDate: '2026-01-07' }, 'startDate'],
    ['another type', { scheduleType: 'DAILY' }, 'scheduleType'],
  ])('by a schedule with %s needs another', async (_what, change, field) => {
    await finished({ ...TOMORROW }, foreign({ ...OURS, ...change }));
    await follow();
    expect(titles()).toHaveLength(2);
    expect((await ledger.schedules.get('r', TITLE))?.detail).toMatch(new RegExp(`has another ${field}$`));
  });
});

describe('an asset at which a copy of the script may still run', () => {
  /** A run that was closed with the script still at these assets. */
  const leftOpen = async (assets: readonly string[]) => {
    const fence = await openRun(ledger, 'before', assets);
    await accepted(ledger, 'before', fence);
    await ledger.verdicts.closeOpen('before', 'cancelled');
    await close(ledger, 'before');
  };

  test('is in no schedule of it, and the audit log names it and the run', async () => {
    await finished(TOMORROW);
    await leftOpen(['101']);
    await follow();
    expect(simulator.state.schedules.map(({ body }) => body['assets'])).toEqual([[{ UUId: 'agent-2', id: 102 }]]);
    expect(await audited()).toEqual([
      `follow-up-cut: 1 assets are left out of "${TITLE}": an earlier copy of the script may still be running on 101 (open-copy: run before)`,
    ]);
    // The copy ends, and the activity runs again: what was asked for stays what it is.
    await ledger.copies.end(await ledger.copies.of('7', ['101']));
    await follow();
    expect(titles()).toEqual([TITLE]);
  });

  test('is not left alone in a schedule: without others there is none, and the report says why', async () => {
    await finished(TOMORROW);
    await leftOpen(['101', '102']);
    await follow();
    expect([titles(), asked()]).toEqual([[], 0]);
    expect(JSON.stringify(await reported())).toContain('an earlier copy of the script may still be running on each of its assets');
  });

  test('is scheduled by a run that may send beside open copies', async () => {
    await finished(TOMORROW);
    await leftOpen(['101', '102']);
    await ledger.copies.override('r', { assets: 2 });
    await follow();
    expect(simulator.state.schedules.map(({ body }) => body['assets'])).toEqual([OURS.assets]);
  });
});

describe('a ledger that is restored from before a schedule', () => {
  test('asks for no second one, by what Temporal was told before the first was asked for', async () => {
    await finished(TOMORROW);
    const file = `${ledger.url.slice('sqlite:'.length)}.backup`;
    backUpLedger(ledger.url.slice('sqlite:'.length), file);
    const told = hearingTemporal();
    await follow({ told });
    expect(told.heard).toEqual([expect.objectContaining({ schedules: 1 })]);
    // Two days later what is asked for has other dates: by its title alone it would be taken for somebody else's.
    clock.advance(2 * 86_400_000);
    const old = await ledgers.again(`sqlite:${file}`);
    const answer = await follow({ of: old, issued: told.heard[0] as Issued });
    expect(answer.blocked).toMatchObject({ kind: 'ledger', why: expect.stringContaining('1 schedules were issued') });
    expect([titles(), asked()]).toEqual([[TITLE], 1]);
    expect(await old.staleness.held()).toContain('restored from an older backup');
  });

  test('keeps the schedules of other runs from being asked for, too', async () => {
    await finished(TOMORROW);
    await ledger.staleness.note('another', 'it does not know another');
    expect((await follow()).blocked).toMatchObject({ kind: 'halted' });
    expect(asked()).toBe(0);
    await ledger.killSwitch.unhalt({ by: 'ada' });
    await follow();
    expect(titles()).toEqual([TITLE]);
  });

  test('is not asked for while Temporal does not hear of it, and no request counts as made', async () => {
    await finished(TOMORROW);
    const deaf = hearingTemporal(() => {
      throw new Error('no such host');
    });
    expect((await follow({ told: deaf })).blocked).toMatchObject({ kind: 'temporal' });
    expect(asked()).toBe(0);
    expect(await ledger.schedules.of('r')).toMatchObject([{ state: 'planned' }]);
    await follow();
    expect(titles()).toEqual([TITLE]);
  });
});
