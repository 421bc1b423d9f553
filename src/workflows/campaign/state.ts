// What a campaign carries from one history to the next: where it stands and who is asked, never assets.
import { defineSignal } from '@temporalio/workflow';
import { type CampaignPlan, wavesOf } from '../../contracts/plan.js';
import type { Blocked } from '../../domain/run/blocked.js';
import type { RunSnapshot } from '../../domain/run/snapshot.js';
import type { RunActivities } from '../shared/activity-proxies.js';
import { firstState, type RunState, type WaveGate } from '../shared/state.js';

/**
 * How far a step is: `held` by a breach of its budget; `worked` when nothing is left but late verdicts; `finished` with its report.
 */
export type StepWord = 'working' | 'held' | 'worked' | 'finished';

export interface StepReport {
  runId: string;
  word: StepWord;
  /** Why nothing of it can be sent, or seen. */
  blocked?: Blocked | undefined;
}

/** A step tells its campaign how far it is. */
export const stepReport = defineSignal<[StepReport]>('stepNews');
/** A campaign tells its steps that something was ordered: what it was, the ledger says. `again`: it has not heard how far the step is. */
export const campaignChanged = defineSignal<[{ again?: boolean }?]>('campaignNews');

export interface CampaignState extends RunState {
  /** The wave under way or the last one that was, from 1; 0 before the first. */
  wave: number;
  /** Of the plan's waves, in order. A wave that operators queued again has none. */
  gates: WaveGate[];
  onBreach: 'pause' | 'abort' | 'rollback';
  steps: ('assess' | 'remediate' | 'verify')[];
  /** What was last approved, or what needs no approval: another digest asks again. */
  digest: string;
  /** The runs of steps that have no report yet. */
  open: Record<string, StepWord>;
  /** Of these, what holds them back. */
  waits: Record<string, Blocked>;
  /** How often a step has said something. */
  stepsSeen: number;
}

/** What the parts of a campaign's life share. */
export interface Campaign {
  runId: string;
  state: CampaignState;
  activities: RunActivities;
}

export interface Wave {
  wave: number;
  name: string;
  size: number;
}

export function firstCampaignState(plan: CampaignPlan): CampaignState {
  const steps = (['assess', 'remediate', 'verify'] as const).filter((step) => plan.steps[step] !== undefined);
  return {
    ...firstState(plan),
    wave: 0,
    gates: wavesOf(plan).map(({ name, approval, soakMs }) => ({ name, approval, soakMs })),
    onBreach: plan.onBreach,
    steps,
    digest: '',
    open: {},
    waits: {},
    stepsSeen: 0,
  };
}

/** What a step's campaign has to know. */
export function wordOf(snapshot: RunSnapshot | undefined): StepWord {
  if (!snapshot) return 'working';
  if (snapshot.held && !snapshot.stop) return 'held';
  const { counts, unsent, inDoubt } = snapshot;
  // Stopped, it sends nothing more: its verdicts are what is left of it.
  if (snapshot.stop) return counts.running + inDoubt === 0 ? 'worked' : 'working';
  return counts.pending + counts.running + unsent + inDoubt === 0 ? 'worked' : 'working';
}
