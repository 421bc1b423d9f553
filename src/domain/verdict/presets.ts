// What well-known families of exit codes mean. Explicit rules go before them.
import type { Meaning } from './meaning.js';

export const PRESET_NAMES = ['windows-installer', 'qualys-mitigation', 'finding-by-code'] as const;
export type PresetName = (typeof PRESET_NAMES)[number];

export interface CodeRule {
  is: Meaning;
  /** For people; without it the code is named. */
  reason?: string;
  /** The host has been told to restart, and is about to. */
  restarts?: true;
}

export const PRESETS: Readonly<Record<PresetName, Readonly<Record<string, CodeRule>>>> = {
  // https://learn.microsoft.com/en-us/windows/win32/msi/error-codes: ERROR_SUCCESS, ERROR_SUCCESS_REBOOT_INITIATED,
  // ERROR_SUCCESS_REBOOT_REQUIRED; ERROR_INSTALL_ALREADY_RUNNING ends with time, so a further attempt may help. Every other code is a
  // failure, also those that say that there was nothing to do (1605, 1638, 1642): whether that is good depends on what was asked.
  'windows-installer': {
    '0': { is: 'succeeded' },
    '1641': { is: 'succeeded', reason: 'reboot-started', restarts: true },
    '3010': { is: 'succeeded', reason: 'reboot-needed' },
    '1618': { is: 'failed', reason: 'another-installation-runs' },
    other: { is: 'failed' },
  },
  // Qualys' own mitigation jobs.
  'qualys-mitigation': {
    '0': { is: 'succeeded' },
    '1': { is: 'failed' },
    '33': { is: 'skipped' },
    '101': { is: 'skipped' },
    other: { is: 'failed' },
  },
  // A script that tells what it has found by its exit code has told nothing without one.
  'finding-by-code': {
    '0': { is: 'succeeded' },
    other: { is: 'failed' },
    none: { is: 'unverified' },
  },
};

/** The codes by which a script says that it has begun to restart its host, whatever rule decides what its end means. */
export function restartCodes(preset: PresetName | undefined): number[] {
  if (preset === undefined) return [];
  return Object.entries(PRESETS[preset]).flatMap(([code, { restarts }]) => (restarts ? Number(code) : []));
}
