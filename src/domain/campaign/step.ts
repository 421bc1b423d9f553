// The steps of a wave, each a run of its own.

/** In the order in which a wave takes them; `rollback` only after a breach. */
export const CAMPAIGN_STEPS = ['assess', 'remediate', 'verify', 'rollback'] as const;
export type CampaignStepName = (typeof CAMPAIGN_STEPS)[number];

/** One step of one wave of a campaign. */
export interface StepKey {
  campaignId: string;
  /** From 1. */
  wave: number;
  step: CampaignStepName;
}
