/** What a script's end may be said to mean for its asset. */
export const MEANINGS = ['succeeded', 'failed', 'skipped', 'unverified'] as const;
export type Meaning = (typeof MEANINGS)[number];
