// EASM profiles (docs/qualys-api.md#easm-profiles): a bare array, empty when no profile is active.
import { z } from 'zod';
import { normalisedStatus } from '../../domain/verdict/asset-job.js';
import { compact, epochMs, someId, text } from './common.js';

const ProfileRow = z.looseObject({ profileId: someId, profileSaveTimestamp: epochMs, status: text }).transform((row) =>
  compact({
    profileId: row.profileId ?? '',
    savedAt: row.profileSaveTimestamp,
    status: row.status ?? '',
    isCompleted: normalisedStatus(row.status ?? '') === 'COMPLETED',
  }),
);

export type EasmProfile = z.output<typeof ProfileRow>;

/** All profiles, or undefined when one cannot be read: with it left out, "all completed" might be untrue. */
export function easmProfilesOf(json: unknown): EasmProfile[] | undefined {
  const parsed = z.array(ProfileRow).safeParse(json);
  return parsed.success ? parsed.data : undefined;
}
