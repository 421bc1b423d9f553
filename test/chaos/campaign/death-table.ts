// The steps of a campaign that change something, with the moments around their commit. What its steps' runs do is death-table.ts's, too:
// here their deaths stand for what a campaign makes of them.

import type { Failpoint } from '../failpoints.js';
import { assetIds } from '../scene.js';
import { CAMPAIGN_GATEWAY, type CampaignDeath, campaignPlan } from './deaths.js';

type Moment = Failpoint['moment'];
const ALL: readonly Moment[] = ['before', 'uncommitted', 'after'];
/** Single statements: there is no moment inside. */
const OUTSIDE: readonly Moment[] = ['before', 'after'];

function around(
  step: Failpoint['step'],
  {
    passage = 1,
    moments = ALL,
    what,
    ...rest
  }: Omit<CampaignDeath, 'name' | 'deaths'> & { passage?: number; moments?: readonly Moment[]; what?: string } = {},
): CampaignDeath[] {
  return moments.map((moment) => ({
    name: `campaign: ${what ?? step} ${moment}`,
    deaths: [{ step, moment, passage }],
    ...rest,
  }));
}

const HELD: Pick<CampaignDeath, 'plan'> = { plan: { errorBudget: { max: 1 } } };

/** The remedy restarts its hosts, and the verification waits for their agents: all but `gone` come back, after 2 to 4 s of ours. */
function restarting(within: string, gone: readonly number[] = []): Pick<CampaignDeath, 'plan' | 'simulator'> {
  const { steps } = campaignPlan(1, 1);
  const [remedy, ...others] = CAMPAIGN_GATEWAY.scripts ?? [];
  const reboots = { awayMs: { min: 1_200_000, max: 2_400_000 }, neverAssets: [...gone] };
  return {
    plan: { steps: { ...steps, verify: { script: Number(steps.verify), after: { checkIn: true, within } } } },
    simulator: remedy ? { scripts: [{ ...remedy, reboots }, ...others] } : {},
  };
}

export const CAMPAIGN_DEATHS: readonly CampaignDeath[] = [
  // Opening: the plan, the waves, the digest.
  ...around('register', { moments: OUTSIDE }),
  ...around('assignWaves'),
  ...around('campaigns.freeze'),
  // The second step of the canary, which sends.
  ...around('open', { passage: 3, moments: OUTSIDE, what: 'open a step' }),
  ...around('fillStep', { passage: 2 }),
  ...around('claim', { passage: 3, what: 'claim in a step' }),
  ...around('permit', { passage: 3, what: 'permit in a step' }),
  ...around('execute', { passage: 3, what: 'execute in a step' }),
  ...around('accept', { passage: 3, what: 'accept in a step' }),
  ...around('recordAll', { passage: 3, what: 'recordAll in a step' }),
  ...around('closeOpen', { passage: 2, moments: OUTSIDE, what: 'closeOpen of a step' }),
  ...around('close', { passage: 2, what: 'close of a step' }),
  ...around('mergeWave', { passage: 3 }),
  ...around('setWave', { passage: 2, moments: OUTSIDE }),
  // The orders of the canary: the campaign's start, three steps', the gate's question, the operator's retry, the approval.
  ...around('carryOut', { passage: 6, what: 'retryUnresolved' }),
  ...around('carryOut', { passage: 7, what: 'approve' }),
  ...around('hold', { moments: OUTSIDE, ...HELD }),
  // Assets that wait for their agents: some are released, others are given up.
  ...around('checkIns.note', { what: 'check-ins', passage: 2, ...restarting('10m') }),
  ...around('checkIns.giveUp', { what: 'no-check-in', passage: 2, ...restarting('20s', assetIds(3)) }),
  // The last word: nine steps before it.
  ...around('closeOpen', { passage: 10, moments: OUTSIDE, what: 'closeOpen of the campaign' }),
  ...around('close', { passage: 10, moments: OUTSIDE, what: 'close of the campaign' }),
  {
    name: 'campaign: four deaths, from its first step to its last',
    deaths: [
      { step: 'permit', moment: 'after', passage: 2 },
      { step: 'mergeWave', moment: 'uncommitted', passage: 2 },
      { step: 'accept', moment: 'before', passage: 2 },
      { step: 'execute', moment: 'uncommitted', passage: 3 },
    ],
  },
];

/** Those that every run of the tests plays. */
export const SHORT_CAMPAIGN_DEATHS: readonly CampaignDeath[] = CAMPAIGN_DEATHS.filter(({ name }) =>
  [
    'campaign: permit in a step after',
    'campaign: mergeWave uncommitted',
    'campaign: retryUnresolved after',
    'campaign: check-ins uncommitted',
  ].includes(name),
);
