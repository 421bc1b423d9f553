// The steps of a wave, each a run of its own.

/** In the order in which a wave takes them; `rollback` only after a breach. */
export const CAMPAIGN_STEPS = ['assess', 'remediate', 'verify', 'rollback'] as const;
export type CampaignStepName = (typeof CAMPAIGN_STEPS)[number];
