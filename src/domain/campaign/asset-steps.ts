// What the steps of a campaign mean for one asset: one table. The functions below read it, and so does the ledger, which makes its SQL of
// it (ledger/rows/step-rules.ts). An asset whose step has no certain end gets no further step: its job may still run.
import { type CopyState, NOT_ROLLED_BACK } from '../execution/may-still-run.js';
import { type FinalOutcome, LIVE_OUTCOMES, OUTCOMES, type Outcome } from '../run/outcome.js';
import { NOT_APPLICABLE } from '../verdict/judge.js';
import type { CampaignStepName } from './step.js';
import { NO_CHECK_IN } from './step-after.js';

/** What an asset came to in a step that was for it. */
export interface StepOutcome {
  outcome: FinalOutcome;
  reason?: string | undefined;
}

/** The asset's line in the campaign, as its steps left it until now. */
export interface AssetLine {
  outcome: Outcome;
  reason?: string | undefined;
  /** A step that was sent there has been taken over into it. */
  sent?: boolean | undefined;
}

/** Every part that is given must hold. */
export interface LineFacts {
  outcomes?: readonly Outcome[];
  /** How the reason of the line begins: with one of these; with none of them. */
  begins?: readonly string[];
  beginsNot?: readonly string[];
  sent?: boolean;
}

export interface StepRule {
  step: CampaignStepName;
  /** What the step came to there; `nothing`: it was not for the asset. */
  found: readonly FinalOutcome[] | 'nothing';
  /** The whole reason that the step has for it. */
  foundReason?: string;
  /** One of these must hold of the asset's line. */
  line: readonly LineFacts[];
  /** A later step of the wave judges this one's work; without it, either. */
  verified?: boolean;
  /** The step's asset job must be known to have ended. */
  copy?: CopyState;
  /** What the line has from then on. */
  outcome: Outcome | 'as found' | 'as before';
  reason: RuleReason;
}

/** A text, and behind it a word of the step's (`found`) or of the line's until now. */
export interface RuleReason {
  text?: string;
  word?: 'found reason' | 'found reason or outcome' | 'found outcome' | 'line reason or outcome';
}

/** How a reason begins when the rollback has had its say. */
const TOLD = ['rolled-back', 'rollback:', NOT_ROLLED_BACK];
const UNTOLD: LineFacts = { beginsNot: TOLD };
const PENDING: LineFacts = { ...UNTOLD, outcomes: ['pending'] };
const NEW: LineFacts = { ...PENDING, sent: false };
const AWAITS_ASSESSMENT: LineFacts = { outcomes: ['unreachable'], begins: ['assess:'] };
const AWAITS_REMEDY: LineFacts = { outcomes: ['unreachable'], beginsNot: ['verify:', ...TOLD] };
const LEFT_OUT_OPEN: LineFacts = { outcomes: ['unverified', 'unreachable'], begins: [NOT_ROLLED_BACK] };

const AS_FOUND: RuleReason = { word: 'found reason' };
const behind = (text: string, word: RuleReason['word'] = 'found reason or outcome'): RuleReason => ({ text: `${text}: `, word });
const LEFT_OUT = behind(NOT_ROLLED_BACK);
const TOO_LATE = 'too-late-to-verify';

const all = OUTCOMES;
const allBut = (...those: FinalOutcome[]): FinalOutcome[] => OUTCOMES.filter((outcome) => !those.includes(outcome));

/** The first row that fits decides; where none does, the asset's line stays as it is. */
export const STEP_RULES: readonly StepRule[] = [
  { step: 'assess', found: ['succeeded'], line: [NEW, AWAITS_ASSESSMENT], outcome: 'skipped', reason: { text: 'compliant' } },
  // A late word of the assessment does not send an asset that the wave has left behind: it only says that nothing was to be done.
  { step: 'assess', found: ['failed'], line: [NEW], outcome: 'pending', reason: {} },
  // The script has looked, and is not for this asset; one that was never sent has another reason.
  {
    ...{ step: 'assess', found: ['skipped'], foundReason: NOT_APPLICABLE, line: [NEW, AWAITS_ASSESSMENT] },
    ...{ outcome: 'skipped', reason: { text: NOT_APPLICABLE } },
  },
  { step: 'assess', found: allBut('succeeded', 'failed'), line: [NEW, AWAITS_ASSESSMENT], outcome: 'as found', reason: behind('assess') },

  { step: 'remediate', verified: false, found: all, line: [UNTOLD], outcome: 'as found', reason: AS_FOUND },
  // It was queued again in a later wave and never sent there: what it had come to before the verification, which has its say behind this.
  { step: 'remediate', verified: true, found: all, line: [PENDING], outcome: 'as found', reason: AS_FOUND },
  // A verdict that came after its wave was verified: nobody has looked whether the asset is well.
  { step: 'remediate', verified: true, found: ['succeeded'], line: [AWAITS_REMEDY], outcome: 'unverified', reason: { text: TOO_LATE } },
  { step: 'remediate', verified: true, found: allBut('succeeded'), line: [AWAITS_REMEDY], outcome: 'as found', reason: AS_FOUND },
  // A verdict that came where the rollback was left out, because there was none: the asset's line says both.
  {
    ...{ step: 'remediate', verified: true, found: ['succeeded'], line: [LEFT_OUT_OPEN], copy: 'over' },
    ...{ outcome: 'unverified', reason: { text: `${NOT_ROLLED_BACK}: ${TOO_LATE}` } },
  },
  { step: 'remediate', found: all, line: [LEFT_OUT_OPEN], copy: 'over', outcome: 'as found', reason: LEFT_OUT },

  { step: 'verify', found: ['succeeded'], line: [UNTOLD], outcome: 'succeeded', reason: {} },
  // Its agent has not come back: the verification was never sent there.
  { step: 'verify', found: ['unverified'], foundReason: NO_CHECK_IN, line: [UNTOLD], outcome: 'unverified', reason: AS_FOUND },
  // Never asked, or asked without result: what the remedy did is not known to have helped.
  { step: 'verify', found: ['skipped', 'missing'], line: [UNTOLD], outcome: 'unverified', reason: behind('verify') },
  { step: 'verify', found: allBut('succeeded', 'skipped', 'missing'), line: [UNTOLD], outcome: 'as found', reason: behind('verify') },
  // Where verification decides and never came, a success is not known to be one.
  {
    ...{ step: 'verify', found: 'nothing', line: [{ outcomes: ['succeeded'], begins: [NOT_ROLLED_BACK] }] },
    ...{ outcome: 'unverified', reason: { text: `${NOT_ROLLED_BACK}: not-verified` } },
  },
  { step: 'verify', found: 'nothing', line: [{ outcomes: ['succeeded'] }], outcome: 'unverified', reason: { text: 'not-verified' } },

  // What the rollback found is in its own report; the asset's line says that it was rolled back, or that nobody knows, or that it was not.
  { step: 'rollback', found: ['skipped'], line: [UNTOLD], outcome: 'as before', reason: LEFT_OUT },
  { step: 'rollback', found: ['unverified'], foundReason: NO_CHECK_IN, line: [UNTOLD], outcome: 'as before', reason: LEFT_OUT },
  {
    ...{ step: 'rollback', found: ['succeeded'], line: [{ ...UNTOLD, outcomes: ['unverified'] }] },
    ...{ outcome: 'unverified', reason: { text: 'rolled-back' } },
  },
  { step: 'rollback', found: ['succeeded'], line: [UNTOLD], outcome: 'failed', reason: { text: 'rolled-back' } },
  {
    ...{ step: 'rollback', found: allBut('skipped', 'succeeded'), line: [UNTOLD] },
    ...{ outcome: 'unverified', reason: behind('rollback', 'found outcome') },
  },
  // It is not for the asset although the remedy was or may have been sent there.
  {
    ...{ step: 'rollback', found: 'nothing', line: [{ ...UNTOLD, outcomes: all }] },
    ...{ outcome: 'as before', reason: behind(NOT_ROLLED_BACK, 'line reason or outcome') },
  },
];

/** The rows that can say something about what a step found, or about those that it was not for. */
export function rulesOf(step: CampaignStepName, { verified = false, nothing = false } = {}): readonly StepRule[] {
  return STEP_RULES.filter(
    (rule) => rule.step === step && (rule.found === 'nothing') === nothing && (rule.verified === undefined || rule.verified === verified),
  );
}

/** A step as its rules know it. */
interface RuledStep {
  step: CampaignStepName;
  verified?: boolean;
}

/** What a step found; undefined: it was not for the asset. */
type Found = (StepOutcome & { copy?: CopyState | undefined }) | undefined;

export function ruleFor({ step, verified }: RuledStep, found: Found, line: AssetLine): StepRule | undefined {
  return rulesOf(step, { verified, nothing: found === undefined }).find(
    (rule) =>
      (rule.found === 'nothing' || (found !== undefined && rule.found.includes(found.outcome))) &&
      (rule.foundReason === undefined || found?.reason === rule.foundReason) &&
      (rule.copy === undefined || found?.copy === rule.copy) &&
      rule.line.some((facts) => holds(facts, line)),
  );
}

/** The asset's line after what a step found there; undefined where that changes nothing. */
export function lineAfter(step: RuledStep, found: Found, line: AssetLine): AssetLine | undefined {
  const rule = ruleFor(step, found, line);
  if (!rule) return undefined;
  const outcome =
    rule.outcome === 'as before' ? line.outcome : rule.outcome === 'as found' ? (found?.outcome ?? line.outcome) : rule.outcome;
  return { outcome, reason: reasonOf(rule.reason, found, line), sent: line.sent || wasSent(found) };
}

function wasSent(found: Found): boolean {
  if (found === undefined || found.reason === NO_CHECK_IN) return false;
  return found.outcome !== 'skipped' || found.reason === NOT_APPLICABLE;
}

function holds({ outcomes, begins, beginsNot, sent }: LineFacts, line: AssetLine): boolean {
  const startsWith = (start: string): boolean => (line.reason ?? '').startsWith(start);
  return (
    (outcomes === undefined || outcomes.includes(line.outcome)) &&
    (begins === undefined || begins.some(startsWith)) &&
    !beginsNot?.some(startsWith) &&
    (sent === undefined || sent === (line.sent ?? false))
  );
}

function reasonOf({ text, word }: RuleReason, found: Found, line: AssetLine): string | undefined {
  switch (word) {
    case undefined:
      return text;
    case 'found reason':
      return found?.reason;
    case 'found reason or outcome':
      return `${text}${found?.reason ?? found?.outcome}`;
    case 'found outcome':
      return `${text}${found?.outcome}`;
    case 'line reason or outcome':
      return `${text}${line.reason ?? line.outcome}`;
  }
}

/**
 * Which assets of its wave a step is for, by their lines. `behindRemedy`: only where the remedy ran and has ended, and nothing else of the
 * wave may be running.
 */
export const STEP_IS_FOR: Record<CampaignStepName, { outcomes: readonly Outcome[]; behindRemedy: boolean }> = {
  assess: { outcomes: ['pending'], behindRemedy: false },
  remediate: { outcomes: ['pending'], behindRemedy: false },
  // Whatever the exit code of the remedy was: the verification says how the asset is now.
  verify: { outcomes: ['succeeded', 'failed'], behindRemedy: true },
  // Whatever came of it.
  rollback: { outcomes: [...OUTCOMES, ...LIVE_OUTCOMES], behindRemedy: true },
};

/** `copy`: the one of the remedy. */
export function isStepFor(step: CampaignStepName, { outcome, copy }: { outcome: Outcome; copy: CopyState }): boolean {
  return STEP_IS_FOR[step].outcomes.includes(outcome) && (copy === 'over' || !STEP_IS_FOR[step].behindRemedy);
}

/** How an asset without an outcome is shown while a step that is under way has this for it, which has not been taken over yet. */
export function shownUnderWay(step: CampaignStepName, outcome: Outcome): Outcome {
  if (outcome === 'pending' || outcome === 'running') return outcome;
  return lineAfter({ step }, { outcome }, { outcome: 'pending' })?.outcome ?? 'pending';
}

export type StepOutcomes = { assess?: StepOutcome | undefined; remediate?: StepOutcome | undefined; verify?: StepOutcome | undefined };

/** The steps that a plan has. */
export interface PlannedSteps {
  assess: boolean;
  verify: boolean;
}

/** The step that is next for an asset whose jobs have ended, or undefined when it is done. */
export function nextStep(planned: PlannedSteps, done: StepOutcomes): 'assess' | 'remediate' | 'verify' | undefined {
  return wayOf(planned, done).next;
}

/** What an asset came to by its steps; undefined while one is still to come. */
export function campaignOutcome(planned: PlannedSteps, done: StepOutcomes): Pick<AssetLine, 'outcome' | 'reason'> | undefined {
  const { next, line } = wayOf(planned, done);
  return next === undefined ? { outcome: line.outcome, reason: line.reason } : undefined;
}

function wayOf(planned: PlannedSteps, done: StepOutcomes): { next?: 'assess' | 'remediate' | 'verify'; line: AssetLine } {
  let line: AssetLine = { outcome: 'pending' };
  for (const step of ['assess', 'remediate', 'verify'] as const) {
    if ((step !== 'remediate' && !planned[step]) || !isStepFor(step, { outcome: line.outcome, copy: 'over' })) continue;
    const found = done[step];
    if (!found) return { next: step, line };
    line = lineAfter({ step }, found, line) ?? line;
  }
  return { line };
}
