// Who asks, to whoever opens runs: as a worker with this configuration would be, over a ledger that is only read.
import { senderOf } from '../../activities/dependencies.js';
import type { AskingOfFollowUp } from '../../activities/opening/follow-up.js';
import type { Known } from '../data/ledger-access.js';
import type { QualysLink } from '../qualys/output/connection.js';

export function askingAs({ settings, clock }: QualysLink, { trailVotes }: Known): Omit<AskingOfFollowUp, 'qualys'> {
  return {
    ledger: { serverClock: clock, trailVotes },
    sender: senderOf(settings.qualys),
    schedules: { userId: settings.qualysUserId, userName: settings.qualysUserName, timezone: settings.scheduleTimeZone },
  };
}
