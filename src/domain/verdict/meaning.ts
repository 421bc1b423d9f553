/** What a script's end may be said to mean for its asset. */
export const MEANINGS = ['succeeded', 'failed', 'skipped', 'unverified'] as const;
export type Meaning = (typeof MEANINGS)[number];

/** Nothing more is done where it says so: it needs evidence. */
export function isGood(meaning: string): boolean {
  return meaning === 'succeeded' || meaning === 'skipped';
}
