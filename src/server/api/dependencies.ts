import type { Ledger } from '../../ledger/index.js';
import type { TemporalRuns } from '../../temporal/runs/temporal-runs.js';
import type { RunAsk, StartAnswer } from '../../temporal/start-run.js';
import type { LiveConfiguration } from '../live-configuration.js';

/** What the API reads and orders through. */
export interface ApiDeps {
  /** Open; throws `LedgerUnusable` while there is none. */
  ledger: () => Promise<Ledger>;
  temporal: Pick<TemporalRuns, 'find' | 'progress' | 'end' | 'list' | 'decide' | 'cancel'>;
  /** Throws `TemporalUnavailable` when Temporal cannot be asked. */
  startRun(start: RunAsk): Promise<StartAnswer>;
  /** Which ids belong to tickets. */
  configuration: Pick<LiveConfiguration, 'current'>;
  now(): Date;
}
