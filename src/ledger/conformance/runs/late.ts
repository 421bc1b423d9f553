// Every writer of a run against every moment of its close: outcomes add up, no lease is left, and the report is not changed any more.

import { expect, test } from '@jest/globals';
import { openCampaign } from '../../../../test/support/ledger/campaign.js';
import { add, lease, misstate, overwrite, rewriteRun, thaw } from '../../../../test/support/ledger/damage.js';
import { ledgerOf } from '../../../../test/support/ledger/inspector.js';
import { accepted, allOf, openRun, permitted, poll, TERMS } from '../../../../test/support/ledger/ledger.js';
import { find, giveScript } from '../../../../test/support/ledger/scenario.js';
import { createCloseCampaign } from '../../../activities/campaign/close.js';
import { createCloseRun } from '../../../activities/run/close.js';
import { NEVER_DUE } from '../../../domain/campaign/step-after.js';
import type { RunReport } from '../../../domain/run/outcome.js';
import type { Ledger } from '../../index.js';
import type { Sql } from '../../sql/database.js';
import type { Ledgers } from '../ledgers.js';

const ASSETS = Array.from({ length: 26 }, (_, index) => String(101 + index));

interface Late {
  /** Brings the run, or the campaign, to where the word can come late; returns the word. */
  prepare(ledger: Ledger, fence: number): Promise<() => Promise<unknown>>;
}

const UUID = 'late-uuid';
const RETRY = { failed: 1, afterMs: 0 };
const TAGGED = { tagIds: ['9'], assetIds: [], excludedAssetIds: [], hits: ['101', '102'] };

const late = (prepare: Late['prepare']): Late => ({ prepare });
/** Of a run that is live; `word` is given what was claimed, permitted or accepted before. */
const afterClaim = (word: (ledger: Ledger, n: number, fence: number) => Promise<unknown>): Late =>
  late(async (ledger, fence) => {
    const n = (await ledger.executions.claim('r', fence))?.executionNo ?? 0;
    return () => word(ledger, n, fence);
  });
const afterPermit = (word: (ledger: Ledger, sent: { n: number; permit: number }) => Promise<unknown>): Late =>
  late(async (ledger, fence) => {
    const sent = await permitted(ledger, 'r', fence);
    return () => word(ledger, sent);
  });
const afterAccept = (word: (ledger: Ledger, sent: { n: number; assetIds: string[] }, fence: number) => Promise<unknown>): Late =>
  late(async (ledger, fence) => {
    const sent = await accepted(ledger, 'r', fence);
    return () => word(ledger, sent, fence);
  });
const afterVerdicts = (fate: 'failed' | 'succeeded', word: (ledger: Ledger) => Promise<unknown>): Late =>
  late(async (ledger, fence) => {
    const { n, assetIds } = await accepted(ledger, 'r', fence);
    await ledger.verdicts.record('r', poll(n, allOf(assetIds, fate)), { failed: 0, afterMs: 0 });
    return () => word(ledger);
  });
const whileOpening = (word: (ledger: Ledger, attempt: number) => Promise<unknown>): Late =>
  late(async (ledger) => {
    await thaw(ledger, 'r', 'opening');
    const opening = await ledger.cohort.begin('r');
    return () => word(ledger, opening && 'attempt' in opening ? opening.attempt : 0);
  });
/** An execution by tags that is claimed, and not leased yet. */
const byTags = (word: (ledger: Ledger, n: number) => Promise<unknown>): Late =>
  late(async (ledger, fence) => {
    await ledger.planned.store('r', (await ledger.planned.begin('r')) ?? 0, [TAGGED]);
    const n = (await ledger.executions.claim('r', fence))?.executionNo ?? 0;
    return () => word(ledger, n);
  });
const permitInDoubt = async (ledger: Ledger, n: number) => {
  const { sends, requestOverAt } = (await ledger.executions.get('r', n)) ?? { sends: 0, requestOverAt: 0 };
  return { sends, overAt: requestOverAt ?? 0 };
};
const ordered = (command: Parameters<Ledger['orders']['carryOut']>[1]['command'], id = 'r'): Late =>
  late(async (ledger) => {
    let number = 0;
    return () => {
      number += 1;
      return ledger.orders.carryOut(id, { id: `o${number}`, number, command });
    };
  });

/** The first two assets are not due before their agents have checked in. */
const awaitingCheckIns = (word: (ledger: Ledger) => Promise<unknown>): Late =>
  late(async (ledger) => {
    for (const seq of [1, 2]) {
      await overwrite(ledger, 'attempts', { runId: 'r', seq }, { dueAt: NEVER_DUE });
      await add(ledger, 'checkIns', { runId: 'r', seq, behindAt: 1, byAt: 5 });
    }
    return () => word(ledger);
  });

/** By method of the ledger. Everything that writes to a run is here, or below among those that need not be, with the reason. */
const OF_A_RUN: Record<string, Late> = {
  'executions.claim': afterAccept((ledger, _sent, fence) => ledger.executions.claim('r', fence)),
  'executions.permit': afterClaim((ledger, n, fence) => ledger.executions.permit('r', n, { fence, terms: TERMS })),
  'executions.accept': afterPermit((ledger, { n, permit }) =>
    ledger.executions.accept('r', n, { permit, correlationUuid: UUID, serverAt: TERMS.serverAt }),
  ),
  'executions.adopt': afterPermit((ledger, { n }) =>
    ledger.executions.adopt('r', n, { correlationUuid: UUID, jobId: 'j', createdAt: TERMS.serverAt }),
  ),
  'executions.notSent': afterPermit((ledger, { n, permit }) =>
    ledger.executions.notSent('r', n, { permit, why: 'limited', detail: 'too many' }),
  ),
  'executions.lost': afterPermit((ledger, { n, permit }) =>
    ledger.executions.lost('r', n, { permit, detail: 'a page', resolveAfterMs: 1 }),
  ),
  'executions.savePolls': late(async (ledger, fence) => {
    const { n } = await permitted(ledger, 'r', fence);
    const inDoubt = await permitInDoubt(ledger, n);
    return () => ledger.executions.savePolls('r', n, { polls: '{}', nextPollMs: 1, inDoubt });
  }),
  'executions.provedNotExecuted': late(async (ledger, fence) => {
    const { n } = await permitted(ledger, 'r', fence);
    await misstate(ledger, { overAt: 1, sends: 2 }, { executionNo: n });
    const inDoubt = await permitInDoubt(ledger, n);
    return () => ledger.executions.provedNotExecuted('r', n, inDoubt);
  }),
  'executions.giveUp': late(async (ledger, fence) => {
    const { n } = await permitted(ledger, 'r', fence);
    const inDoubt = await permitInDoubt(ledger, n);
    return () => ledger.executions.giveUp('r', n, 'fate-unknown', inDoubt);
  }),
  'executions.release': afterClaim((ledger, n) => ledger.executions.release('r', n)),
  'executions.giveBack': late(async (ledger, fence) => {
    await ledger.executions.claim('r', fence);
    return () => ledger.executions.giveBack('r', fence);
  }),
  'verdicts.record': afterAccept((ledger, { n, assetIds }) =>
    ledger.verdicts.record('r', { ...poll(n, allOf(assetIds, 'failed')), number: 9 }, RETRY),
  ),
  'verdicts.recordAll': afterAccept((ledger, { n, assetIds }) =>
    ledger.verdicts.recordAll('r', [{ ...poll(n, allOf(assetIds, 'succeeded')), number: 9 }], RETRY),
  ),
  'verdicts.wake': afterAccept((ledger) => ledger.verdicts.wake('r')),
  'verdicts.beginPoll': afterAccept((ledger) => ledger.verdicts.beginPoll('r')),
  'verdicts.setJob': afterAccept((ledger, { n }) => ledger.verdicts.setJob('r', n, { jobId: 'j', createdAt: TERMS.serverAt })),
  'verdicts.setJobSought': afterAccept((ledger, { n }) => ledger.verdicts.setJobSought('r', [n], 9e15)),
  'verdicts.addOutOfCohort': afterAccept((ledger) => ledger.verdicts.addOutOfCohort('r', 1, [{ jobId: 'j', assetId: '999' }])),
  'verdicts.requeue': afterVerdicts('failed', (ledger) => ledger.verdicts.requeue('r', ['failed', 'unverified', 'skipped'])),
  'outputs.store': afterAccept((ledger) => ledger.outputs.store('r', [{ assetId: '101', attempt: 1, output: Buffer.from('done') }])),
  'outputs.hear': afterAccept((ledger) =>
    ledger.outputs.hear('r', [{ assetId: '101', attempt: 1, jobId: '900', heard: 0, output: Buffer.from('done') }]),
  ),
  'outputs.markAbsent': afterVerdicts('succeeded', (ledger) => ledger.outputs.markAbsent('r', [{ assetId: '101', attempt: 1 }])),
  'checkIns.setNextPoll': awaitingCheckIns((ledger) => ledger.checkIns.setNextPoll('r', 5)),
  'checkIns.note': awaitingCheckIns((ledger) => ledger.checkIns.note('r', new Map([['101', { checkedInAt: 9e12 }]]))),
  'checkIns.giveUp': awaitingCheckIns((ledger) => ledger.checkIns.giveUp('r', 9e12)),
  'planned.begin': late(async (ledger) => () => ledger.planned.begin('r')),
  'planned.store': late(async (ledger) => {
    const planning = (await ledger.planned.begin('r')) ?? 0;
    return () => ledger.planned.store('r', planning, [TAGGED]);
  }),
  'planned.leaseMembers': byTags((ledger, n) => ledger.planned.leaseMembers('r', n)),
  'planned.countTagReading': byTags((ledger, n) => ledger.planned.countTagReading('r', n)),
  'planned.setTagsRead': byTags((ledger, n) => ledger.planned.setTagsRead('r', n, 1)),
  'planned.fallBackToIds': byTags((ledger, n) => ledger.planned.fallBackToIds('r', n, 'drifted')),
  'planned.dropWaiting': late(async (ledger) => {
    await ledger.planned.store('r', (await ledger.planned.begin('r')) ?? 0, [TAGGED]);
    return () => ledger.planned.dropWaiting('r');
  }),
  'planned.claimUnplannedHits': afterAccept((ledger, { n }) => ledger.planned.claimUnplannedHits('r', n, ['126'])),
  'cohort.begin': whileOpening((ledger) => ledger.cohort.begin('r')),
  'cohort.add': whileOpening((ledger, attempt) => ledger.cohort.add('r', [{ assetId: '101' }], attempt)),
  'cohort.skip': whileOpening((ledger) => ledger.cohort.skip('r', ['101'], 'other-platform')),
  'cohort.freeze': whileOpening((ledger, attempt) =>
    ledger.cohort.freeze('r', { attempt, neverTouch: { assetIds: ['101'], hostnames: [] } }),
  ),
  'runs.open': late(
    async (ledger) => async () =>
      ledger.runs.open({ ...(await ledger.runs.get('r')), id: 'r', firstExecutionId: 'first-r' } as Parameters<Ledger['runs']['open']>[0]),
  ),
  'staleness.isStale': late(async (ledger) => () => ledger.staleness.isStale('r', { claimed: 9, permits: 9, orders: 9 } as never)),
  'runs.setScript': whileOpening((ledger) => ledger.runs.setScript('r', { id: '7', title: 'Another' })),
  'runs.setMissing': late(async (ledger) => () => ledger.runs.setMissing('r', true)),
  'runs.setResolveCursor': late(async (ledger) => () => ledger.runs.setResolveCursor('r', 'page 3')),
  'runs.setPhase': late(async (ledger) => () => ledger.runs.setPhase('r', 'awaiting-approval')),
  'runs.setInFlight': late(async (ledger) => () => ledger.runs.setInFlight('r', 9)),
  'runs.setNextPoll': late(async (ledger) => () => ledger.runs.setNextPoll('r', 1)),
  'runs.setTagsSeen': late(async (ledger) => () => ledger.runs.setTagsSeen('r', new Map([['9', 2]]))),
  'runs.addWarning': late(async (ledger) => () => ledger.runs.addWarning('r', 'nobody reads this any more')),
  'runs.setBlocked': late(async (ledger) => () => ledger.runs.setBlocked('r', 'waiting for the interval')),
  'runs.setPaused': late(async (ledger) => () => ledger.runs.setPaused('r', true)),
  'runs.hold': late(async (ledger) => () => ledger.runs.hold('r')),
  'runs.adjust': afterAccept((ledger) => ledger.runs.adjust('r', { maxInFlight: 3, deadlineMs: 1, errorBudget: { max: 1 } })),
  'runs.stop': late(async (ledger) => () => ledger.runs.stop('r', 'stopped', 'error-budget')),
  'runs.takeFence': late(async (ledger) => () => ledger.runs.takeFence('r')),
  'neverTouch.keepFrom': afterClaim((ledger) => ledger.neverTouch.keepFrom('r', { reading: 1, version: 1, hostnames: ['host-of-101'] })),
  'copies.override': late(async (ledger) => () => ledger.copies.override('r', { assets: 1 })),
  'copies.end': afterAccept(async (ledger) =>
    ledger.copies.end([{ runId: 'r', assetId: '101', copy: 'open', since: 1, place: { seq: 1, attempt: 1 } }]),
  ),
  'copies.reopen': afterAccept(async (ledger) =>
    ledger.copies.reopen([{ runId: 'r', assetId: '101', copy: 'unseen', since: 1, place: { seq: 1, attempt: 1 } }]),
  ),
  'copies.takeDue': afterAccept((ledger) => ledger.copies.takeDue(9)),
  'verdicts.keepLate': afterAccept((ledger, { n, assetIds }) => ledger.verdicts.keepLate('r', poll(n, allOf(assetIds, 'failed')))),
  'scriptReadings.end': late(async (ledger) => () => ledger.scriptReadings.end('r', { at: 1, needed: 9 })),
  'scriptReadings.inherit': late(async (ledger) => () => ledger.scriptReadings.inherit('r', 'r')),
  'ticketReadings.end': late(async (ledger) => () => ledger.ticketReadings.end('r', 1)),
  'ticketReadings.gone': late(async (ledger) => () => ledger.ticketReadings.gone('r', 1)),
  'schedules.set': late(async (ledger) => () => ledger.schedules.set('r', { title: 't', state: 'created', scheduleId: '1' })),
  'orders.carryOut': ordered({ kind: 'retry', outcomes: ['failed', 'unverified', 'skipped'] }),
  'orders.carryOut: pause': ordered({ kind: 'pause' }),
  'orders.carryOut: adjust': ordered({ kind: 'adjust', maxInFlight: 3 }),
  'orders.carryOut: stop': ordered({ kind: 'stop', cause: 'cancelled', why: 'cancelled' }),
  'orders.carryOut: start': ordered({ kind: 'start' }),
};

/** A wave that was remedied and verified, with a rollback under way, and one that was never begun. */
const OF_A_CAMPAIGN: Record<string, Late> = {
  'campaigns.register': late(async (ledger) => () => ledger.campaigns.register('campaign', { name: 'another' })),
  'campaigns.markHit': late(async (ledger) => () => ledger.campaigns.markHit('campaign', STEP, { assetIds: ['103', '104'] })),
  'campaigns.assignWaves': late(async (ledger) => {
    await find(ledger, { wave: 0 }, { runId: 'campaign', assetId: '104' });
    return () => ledger.campaigns.assignWaves('campaign', [[1, 2, 3, 4]]);
  }),
  'campaigns.freeze': late(async (ledger) => {
    await overwrite(ledger, 'campaigns', {}, { digest: null });
    return () =>
      ledger.campaigns.freeze('campaign', {
        frozen: {},
        digest: 'late',
        waves: [
          { name: 'x', size: 1 },
          { name: 'y', size: 1 },
          { name: 'z', size: 1 },
        ],
      });
  }),
  'campaigns.noteScripts': late(
    async (ledger) => () => ledger.campaigns.noteScripts('campaign', { remediate: { id: '7', title: 'other' } }),
  ),
  'campaigns.mergeWave': late(async (ledger) => {
    await find(ledger, { outcome: 'failed' }, { runId: STEP, assetId: '102' });
    return () => ledger.campaigns.mergeWave('campaign', 1);
  }),
  'campaigns.mergeAll': late(async (ledger) => {
    await find(ledger, { outcome: 'failed' }, { runId: STEP, assetId: '102' });
    return () => ledger.campaigns.mergeAll('campaign');
  }),
  'campaigns.withdrawUnsent': late(async (ledger) => {
    await find(ledger, { outcome: 'pending', executionNo: null, copy: 'none' }, { runId: STEP });
    return () => ledger.campaigns.withdrawUnsent(STEP);
  }),
  'campaigns.retry': late(async (ledger) => {
    await ledger.campaigns.setWave('campaign', 1, { status: 'partial', ends: true });
    await ledger.campaigns.mergeWave('campaign', 1);
    return () => ledger.campaigns.retry('campaign', ['failed', 'unverified', 'succeeded']);
  }),
  'campaigns.withdrawUnverified': late(async (ledger) => () => ledger.campaigns.withdrawUnverified('campaign')),
  'campaigns.takeBackUnsent': late(async (ledger) => {
    await ledger.campaigns.setWave('campaign', 1, { status: 'partial', ends: true });
    await ledger.campaigns.mergeWave('campaign', 1);
    await ledger.campaigns.retry('campaign', ['failed', 'unverified', 'succeeded']);
    return () => ledger.campaigns.takeBackUnsent('campaign');
  }),
  'campaigns.setWave': late(async (ledger) => () => ledger.campaigns.setWave('campaign', 2, { status: 'running', begins: true })),
  'campaigns.setWave, closed': late(async (ledger) => () => ledger.campaigns.setWave('campaign', 1, { status: 'running', ends: true })),
  'campaigns.setBudgetBase': late(
    async (ledger) => () => ledger.campaigns.setBudgetBase(STEP, { campaignId: 'campaign', wave: 1, step: 'remediate' }),
  ),
  'campaigns.fillStep': late(async (ledger) => {
    await thaw(ledger, STEP);
    return () => ledger.campaigns.fillStep(STEP, { campaignId: 'campaign', wave: 2, step: 'remediate' });
  }),
  'runs.setPaused': late(async (ledger) => {
    await rewriteRun(ledger, { onBreach: 'pause', paused: 1 }, { id: STEP });
    return () => ledger.runs.setPaused('campaign', false);
  }),
  'runs.adjust': late(async (ledger) => () => ledger.runs.adjust('campaign', { maxInFlight: 3 })),
  'orders.carryOut': ordered({ kind: 'retry', outcomes: ['failed', 'unverified'] }, 'campaign'),
};

const STEP = 'campaign/1/remediate';

/**
 * What the close itself is made of; several closes beside one another come to the same (`ledger/conformance/runs/closing.ts`,
 * `activities/campaign/adopted-step.test.ts`).
 */
const CLOSES = [
  'executions.releaseClaimed',
  'verdicts.closeOpen',
  'runs.beginClosing',
  'runs.close',
  'runs.abandon',
  'runs.freeLeasesOfFinished',
];
/** Changes nothing. */
const READS = [
  ...['executions.get', 'executions.inState', 'executions.assetsOf', 'executions.claimedUuids'],
  ...[
    'verdicts.inFlight',
    'verdicts.anyRunning',
    'verdicts.countRunning',
    'verdicts.alsoInFlight',
    'verdicts.hasWakeSince',
    'verdicts.lastPollAt',
    'verdicts.jobsOf',
    'outputs.owed',
    'outputs.read',
  ],
  ...['planned.pending', 'planned.listsOf', 'cohort.places', 'copies.waiting', 'copies.of', 'copies.list'],
  ...['campaigns.get', 'campaigns.waves', 'campaigns.openSteps', 'campaigns.steps', 'campaigns.budgetAccepted', 'campaigns.spent'],
  ...[
    'campaigns.waveCounts',
    'campaigns.places',
    'runs.get',
    'runs.issued',
    'runs.unfinished',
    'runs.tagsSeen',
    'runs.warnings',
    'runs.load',
  ],
  ...[
    'runs.snapshot',
    'checkIns.awaited',
    'checkIns.areAny',
    'checkIns.executionsBefore',
    'neverTouch.newest',
    'neverTouch.among',
    'neverTouch.appliedTo',
    'neverTouch.hasNameless',
  ],
  ...['schedules.get', 'schedules.of', 'schedules.refusals', 'scriptReadings.begin', 'ticketReadings.begin', 'ticketReadings.whyUnread'],
  ...['ticketReadings.hasSent', 'ticketRuns.of'],
  ...['staleness.held'],
];
/** Writes to no run: whole parts of the ledger, and `neverTouch.store`. */
const OF_THE_LEDGER = [
  'reader',
  'names',
  'authenticatedOrders',
  'ticketPosts',
  'policies',
  'trailVotes',
  'scripts',
  'killSwitch',
  'calls',
  'serverClock',
  'database',
  'neverTouch.store',
  'staleness.note',
];
/** Only adds, and is where late words go. */
const ADDS = ['audit'];

/** Lets the word in before the nth transaction of the close; false when the close has fewer. */
async function closeWith(
  ledger: Ledger,
  { nth, word, close }: { nth: number; word: () => Promise<unknown>; close: (ledger: Ledger) => Promise<RunReport> },
): Promise<{ report: RunReport; said: boolean }> {
  const { database } = ledger;
  const transaction = database.transaction.bind(database);
  let passed = 0;
  let said = false;
  database.transaction = async <T>(work: (sql: Sql) => Promise<T>) => {
    passed += 1;
    if (passed === nth) {
      database.transaction = transaction;
      said = true;
      await word();
    }
    return transaction(work);
  };
  const report = await close(ledger);
  database.transaction = transaction;
  return { report, said };
}

/** All that people are told of runs and waves. */
async function told(ledger: Ledger): Promise<unknown[]> {
  const inspector = ledgerOf(ledger);
  return Promise.all([
    inspector.columns('attempts', [
      ...(['runId', 'assetId', 'attempt', 'last', 'wave', 'outcome', 'reason', 'lease', 'jobId', 'output', 'outputBytes'] as const),
    ]),
    inspector.columns('runs', [
      ...(['id', 'phase', 'scriptTitle', 'cohortSize', 'cohortDigest', 'maxInFlight', 'deadlineMs', 'errorBudget', 'budgetBase'] as const),
      ...(['paused', 'stopCause', 'stopReason', 'blocked', 'warnings', 'despiteCopies', 'report'] as const),
    ]),
    inspector.columns('waves', ['campaignId', 'waveNo', 'name', 'size', 'status', 'why', 'openedAt', 'closedAt']),
    inspector.columns('campaigns', ['plan']),
    inspector.columns('executions', ['runId', 'executionNo', 'state', 'deadlineAt']),
    inspector.columns('outOfCohort', ['runId', 'assetId']),
  ]);
}

/** Every moment of the close, and behind it. */
async function race(
  late: Late,
  open: () => Promise<{ ledger: Ledger; fence: number; id: string }>,
  close: (ledger: Ledger) => Promise<RunReport>,
): Promise<void> {
  for (let nth = 1, isBehind = false; !isBehind; nth += 1) {
    const { ledger, fence, id } = await open();
    const word = await late.prepare(ledger, fence);
    const { report, said } = await closeWith(ledger, { nth, word, close });
    isBehind = !said;
    const { targeted, ...six } = report.counts;
    expect(Object.values(six).reduce((sum, count) => sum + count, 0)).toBe(targeted);
    const before = await told(ledger);
    await word();
    expect(await told(ledger)).toEqual(before);
    const counted = await ledgerOf(ledger).tally('attempts', ['outcome'], { runId: id, last: 1 });
    expect(Object.fromEntries(counted.map(({ outcome, n }) => [outcome, n]))).toEqual(
      Object.fromEntries(Object.entries(six).filter(([, count]) => count > 0)),
    );
    expect(await ledgerOf(ledger).leased()).toEqual([]);
    await ledger.close();
  }
}

export function lateSuite(ledgers: Ledgers): void {
  /** Hundreds of them: without waiting for the disk. */
  const quickLedger = () => ledgers.open({ durable: false });

  test('every method of the ledger that writes to a run is raced against its close, or is known not to need it', async () => {
    const ledger = await ledgers.open();
    const decided = new Set(
      [OF_A_RUN, OF_A_CAMPAIGN].flatMap((writers) => Object.keys(writers).map((name) => name.replace(/[:,].*$/, ''))).concat(CLOSES, READS),
    );
    const apart = [...OF_THE_LEDGER, ...ADDS];
    const methods = Object.entries(ledger).flatMap(([part, of]) =>
      typeof of === 'object' && !apart.includes(part)
        ? Object.getOwnPropertyNames(Object.getPrototypeOf(of))
            .filter((name) => name !== 'constructor')
            .map((name) => `${part}.${name}`)
        : [],
    );
    expect(methods.filter((name) => !decided.has(name) && !apart.includes(name))).toEqual([]);
    expect([...decided].filter((name) => !methods.includes(name))).toEqual([]);
  });

  test.each(Object.keys(OF_A_RUN))(
    '%s at any moment of the close, or after it, leaves whole counts, no lease and the report',
    async (name) => {
      const open = async () => {
        const ledger = await quickLedger();
        return { ledger, fence: await openRun(ledger, 'r', ASSETS), id: 'r' };
      };
      await race(OF_A_RUN[name] as Late, open, (ledger) => createCloseRun({ ledger }).closeRun({ runId: 'r', reason: 'interrupted' }));
    },
    60_000,
  );

  test.each(Object.keys(OF_A_CAMPAIGN))(
    '%s at any moment of the close of a campaign, or after it, leaves the same',
    async (name) => {
      const open = async () => {
        const ledger = await quickLedger();
        const campaign = await openCampaign(ledger, [
          ['101', '102'],
          ['103', '104'],
        ]);
        await overwrite(ledger, 'waves', { waveNo: 2 }, { openedAt: null, status: 'waiting' });
        const found = { '101': { outcome: 'succeeded' }, '102': { outcome: 'unverified', copy: 'open' } } as const;
        await campaign.step(1, 'remediate', found, { open: true });
        return { ledger, fence: 1, id: campaign.id };
      };
      const reason = 'interrupted';
      await race(OF_A_CAMPAIGN[name] as Late, open, (ledger) =>
        createCloseCampaign({ ledger }).closeCampaign({ runId: 'campaign', reason }),
      );
    },
    60_000,
  );

  test('a run that is closed lets others come to what it has not sent, whatever came late', async () => {
    const ledger = await ledgers.open();
    const fence = await openRun(ledger, 'r', ASSETS);
    const { n, permit } = await permitted(ledger, 'r', fence);
    await createCloseRun({ ledger }).closeRun({ runId: 'r', reason: 'interrupted' });
    await ledger.executions.accept('r', n, { permit, correlationUuid: UUID, serverAt: TERMS.serverAt });
    await openRun(ledger, 'other', ASSETS, { script: 8 });
    await giveScript(ledger, 'other', '8');
    expect((await ledger.executions.claim('other', 1))?.size).toBe(25);
  });

  test('a request that did not leave, told when its run is closed, leaves no copy behind, unless it was sent before', async () => {
    for (const [sends, held] of [
      [1, 0],
      [2, 2],
    ] as const) {
      const ledger = await ledgers.open();
      const fence = await openRun(ledger, 'r', ['101', '102']);
      const { n, permit } = await permitted(ledger, 'r', fence);
      await misstate(ledger, { sends });
      await createCloseRun({ ledger }).closeRun({ runId: 'r', reason: 'interrupted' });
      expect(await ledger.copies.of('7', ['101', '102'])).toHaveLength(2);
      expect(await ledger.executions.notSent('r', n, { permit, why: 'unreachable', detail: 'no connection' })).toBe(false);
      expect(await ledger.copies.of('7', ['101', '102'])).toHaveLength(held);
      expect((await ledger.audit.of('r')).map(({ action }) => action)).toContain('late-answer');
    }
  });

  test('verdicts that come late stand beside the outcome, in the audit log, and let others come to the asset', async () => {
    const ledger = await ledgers.open();
    const fence = await openRun(ledger, 'r', ['101', '102']);
    const { n, assetIds } = await accepted(ledger, 'r', fence);
    await createCloseRun({ ledger }).closeRun({ runId: 'r', reason: 'interrupted' });
    await ledger.verdicts.record('r', { ...poll(n, { '101': 'succeeded', '102': 'running' }), number: 9 }, { failed: 0, afterMs: 0 });
    await ledger.verdicts.record('r', { ...poll(n, { '101': 'succeeded', '102': 'running' }), number: 10 }, { failed: 0, afterMs: 0 });
    expect((await ledger.reader.assets('r')).items).toMatchObject([
      { assetId: assetIds[0], outcome: 'unverified', late: 'succeeded' },
      { assetId: assetIds[1], outcome: 'unverified' },
    ]);
    expect((await ledger.audit.of('r')).filter(({ action }) => action === 'late-verdict').map(({ detail }) => detail)).toEqual([
      'execution 1: 101 succeeded',
    ]);
    const other = await openRun(ledger, 'other', ['101', '102']);
    expect(await ledger.executions.claim('other', other)).toMatchObject({ size: 1 });
  });

  test('what tags hit after the close is kept from others as a copy that may still run', async () => {
    const ledger = await ledgers.open();
    const fence = await openRun(ledger, 'r', ['101', '103']);
    await find(ledger, { dueAt: 9e15 }, { assetId: '103' });
    const { n } = await accepted(ledger, 'r', fence);
    await createCloseRun({ ledger }).closeRun({ runId: 'r', reason: 'cancelled' });
    expect(await ledger.planned.claimUnplannedHits('r', n, ['103'])).toEqual({ moved: [], skipped: [], twice: [] });
    expect((await ledger.audit.of('r')).map(({ action }) => action)).toContain('late-hit');
    const other = await openRun(ledger, 'other', ['103']);
    expect(await ledger.executions.claim('other', other)).toBeUndefined();
    expect(await ledgerOf(ledger).columns('attempts', ['outcome', 'reason'], { runId: 'other' })).toEqual([
      { outcome: 'skipped', reason: 'open-copy: run r' },
    ]);
  });

  test('a late answer gives its job to the execution, so that nobody else takes it for theirs', async () => {
    const ledger = await ledgers.open();
    const fence = await openRun(ledger, 'r', ['101']);
    const { n, permit } = await permitted(ledger, 'r', fence);
    await createCloseRun({ ledger }).closeRun({ runId: 'r', reason: 'interrupted' });
    expect(await ledger.executions.accept('r', n, { permit, correlationUuid: UUID, serverAt: TERMS.serverAt })).toBe(false);
    expect(await ledger.executions.claimedUuids([UUID])).toEqual(new Set([UUID]));
    expect((await ledger.audit.of('r')).map(({ action }) => action)).toContain('late-answer');
  });

  test('a lease that a finished run still holds is freed by the sweep', async () => {
    const ledger = await ledgers.open();
    const fence = await openRun(ledger, 'r', ['101']);
    await accepted(ledger, 'r', fence);
    await createCloseRun({ ledger }).closeRun({ runId: 'r', reason: 'interrupted' });
    await lease(ledger);
    expect(await ledger.runs.freeLeasesOfFinished()).toEqual(['r']);
    expect(await ledger.runs.freeLeasesOfFinished()).toEqual([]);
  });
}
