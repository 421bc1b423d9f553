// Who asks, to whoever opens runs: as a worker with this configuration would be, over a ledger that is only read.
import { senderOf } from '../activities/dependencies.js';
import type { AskingOfFollowUp } from '../activities/follow-up-at-opening.js';
import type { Known } from './ledger-access.js';
import type { QualysLink } from './qualys/connection.js';

export function askingAs({ settings, clock }: QualysLink, { trailVotes }: Known): Omit<AskingOfFollowUp, 'qualys'> {
  return {
    ledger: { serverClock: clock, trailVotes },
    sender: senderOf(settings.qualys),
    schedules: { userId: settings.qualysUserId, userName: settings.qualysUserName, timezone: settings.scheduleTimeZone },
  };
}
