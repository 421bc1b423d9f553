// EASM profiles (docs/qualys-api.md#easm-profiles): their sync status, and waiting for its end.

import { operations } from '../catalog.js';
import { passesByWaiting, QualysError } from '../errors.js';
import { type Reader, read } from '../http/read.js';
import type { CallOptions, EasmWait, EasmWaited } from '../operations.js';
import { type EasmProfile, easmProfilesOf } from '../wire/easm.js';

const LOOK_EVERY_MS = 60_000;
const MAX_WAIT_MS = 4 * 3_600_000;

export async function easmStatus(reader: Reader, { runId, signal }: CallOptions = {}): Promise<EasmProfile[]> {
  const { method, path } = operations.easmStatus;
  const answer = await read(reader, {
    endpoint: 'easm/v1/profile/status',
    kind: 'read',
    method,
    path,
    payloadOf: easmProfilesOf,
    payloadOfNothing: [],
    runId,
    signal,
  });
  return answer.payload as EasmProfile[];
}

/** Time is counted by what was slept. Failures that pass by waiting are waited out, too, and thrown only at the end. */
export async function untilEasmCompleted(poll: () => Promise<EasmProfile[]>, wait: EasmWait): Promise<EasmWaited> {
  const { sleep, everyMs = LOOK_EVERY_MS, maxWaitMs = MAX_WAIT_MS, profileId, signal } = wait;
  for (let waitedMs = 0; ; ) {
    signal?.throwIfAborted();
    const seen = await polled(poll);
    const profiles = seen.profiles.filter((profile) => profileId === undefined || profile.profileId === profileId);
    if (seen.failure === undefined && profiles.length === 0) return { kind: 'no-profile', profiles: seen.profiles };
    if (seen.failure === undefined && profiles.every(({ isCompleted }) => isCompleted)) return { kind: 'completed', profiles };
    const pauseMs = Math.max(1, everyMs, seen.failure?.waitMs ?? 0);
    if (waitedMs + pauseMs > maxWaitMs) {
      if (seen.failure) throw seen.failure;
      return { kind: 'timed-out', waitedMs, profiles };
    }
    await sleep(pauseMs);
    waitedMs += pauseMs;
  }
}

async function polled(poll: () => Promise<EasmProfile[]>): Promise<{ profiles: EasmProfile[]; failure?: QualysError }> {
  try {
    return { profiles: await poll() };
  } catch (error) {
    if (error instanceof QualysError && passesByWaiting(error)) return { profiles: [], failure: error };
    throw error;
  }
}
