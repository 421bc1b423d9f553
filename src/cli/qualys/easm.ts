import { Command, InvalidArgumentError } from '@commander-js/extra-typings';
import { durationMs } from '../../domain/clock/duration.js';
import { spanText } from '../../domain/clock/span.js';
import type { EasmProfile, EasmWaited } from '../../qualys/operations.js';
import { CommandFailed, EXIT, type Invocation, writeLine } from '../invocation/context.js';
import { type Column, writeTable } from '../terminal/table.js';
import { isoTime, tableTime } from './instants.js';
import { withQualys } from './output/connection.js';
import { writeOne } from './output/write-one.js';

const COLUMNS: readonly Column<EasmProfile>[] = [
  { title: 'PROFILE', text: ({ profileId }) => profileId, align: 'right' },
  { title: 'STATUS', text: ({ status }) => status, style: ({ isCompleted }) => (isCompleted ? 'good' : 'info'), flexible: true },
  { title: 'SAVED (UTC)', text: ({ savedAt }) => tableTime(savedAt) },
];
/** Poll slowly (docs/qualys-api.md#easm-profiles). */
const LOOK_EVERY_MS = 60_000;
const LONGEST_WAIT_MS = 4 * 3_600_000;
/** What one look may wait for Qualys' limits. */
const LIMITS_WAIT_MS = 120_000;

export function easmCommand(invocation: Invocation) {
  return new Command('easm').description('status: discovery progress of the EASM profiles').addCommand(statusCommand(invocation));
}

function statusCommand(invocation: Invocation) {
  return new Command('status')
    .description('show the sync status of the active EASM profiles')
    .option('--wait [duration]', 'wait until every profile is COMPLETED, at most this long (default: 4h)', duration)
    .option('--every <duration>', 'poll interval', duration, LOOK_EVERY_MS)
    .option('--profile <id>', 'only this profile')
    .option('--out <file>', 'write JSON to this file, atomically')
    .action(async ({ wait, every, profile, out }) => {
      // Without --wait one look is all.
      const maxWaitMs = wait === undefined ? 0 : wait === true ? LONGEST_WAIT_MS : wait;
      const waited = await withQualys(invocation, { wait: LIMITS_WAIT_MS }, ({ qualys, signal }) =>
        qualys.untilEasmCompleted({
          everyMs: Math.max(1_000, wait === undefined ? every : Math.min(every, maxWaitMs)),
          maxWaitMs,
          ...(profile === undefined ? {} : { profileId: profile }),
          signal,
          async sleep(ms) {
            await writeLine(invocation.stderr, `Not completed yet. Checking again in ${spanText(ms)}.`);
            await invocation.pause(ms, signal);
          },
        }),
      );
      const exitCode = exitCodeOf(waited, { isWaiting: wait !== undefined, profile });
      await show(invocation, waited, out);
      if (waited.kind === 'timed-out' && wait !== undefined) {
        await writeLine(invocation.stderr, `Not completed after ${spanText(waited.waitedMs)}.`);
      }
      invocation.exitCode = exitCode;
    });
}

async function show(invocation: Invocation, { kind, profiles }: EasmWaited, out: string | undefined): Promise<void> {
  const items = profiles.map(({ savedAt, ...profile }) => ({
    ...profile,
    ...(savedAt === undefined ? {} : { savedAt: isoTime(savedAt) }),
  }));
  if (invocation.json || out !== undefined) {
    await writeOne(invocation, { value: { isCompleted: kind === 'completed', profiles: items }, lines: [], options: { out } });
  } else if (profiles.length > 0) await writeTable(invocation, COLUMNS, [profiles]);
  if (profiles.length === 0) await writeLine(invocation.stderr, 'No active EASM profile.');
}

function exitCodeOf({ kind, profiles }: EasmWaited, { isWaiting, profile }: { isWaiting: boolean; profile: string | undefined }) {
  if (kind === 'no-profile' && profile !== undefined && profiles.length > 0) {
    const known = profiles.map(({ profileId }) => profileId).join(', ');
    throw new CommandFailed(EXIT.usage, `No active EASM profile ${profile}. Active: ${known}.`);
  }
  return kind === 'completed' || !isWaiting ? EXIT.done : EXIT.notSucceeded;
}

function duration(text: string): number {
  const ms = durationMs(text);
  if (ms === undefined) throw new InvalidArgumentError('Use a duration such as 90s, 10m or 2h.');
  return ms;
}
