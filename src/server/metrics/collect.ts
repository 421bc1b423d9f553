// What /metrics says: what the server counts itself, and what the ledger holds, which is read at most once in five seconds, whoever asks.
import type { Ledger } from '../../ledger/index.js';
import { type Gauges, readGauges } from '../../ledger/reads/gauges.js';
import type { ConfigurationHealth } from '../live-configuration.js';
import { Counter, Histogram } from './counted.js';
import { exposition, type Family, type Sample } from './exposition.js';

const KEPT_MS = 5_000;
const MS_PER_S = 1_000;
/** The limit that counts, 0.5 s, is one of them. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export class ServerMetrics {
  readonly hookEvents = new Counter('overhaul_hook_events_total', 'Deliveries to a hook by what became of them.');
  readonly requests = new Histogram(
    'overhaul_http_request_duration_seconds',
    'From the head of a request to the end of its answer.',
    SECONDS,
  );

  families(): Family[] {
    return [this.hookEvents.family(), this.requests.family()];
  }
}

export interface Measured {
  metrics: ServerMetrics;
  health: () => ConfigurationHealth;
  temporalReachable: () => Promise<boolean>;
  ledger: () => Promise<Pick<Ledger, 'database' | 'calls' | 'killSwitch'>>;
  now: () => Date;
}

export function metricsText(measured: Measured): () => Promise<string> {
  const outside = keptFor(KEPT_MS, measured.now, () => readOutside(measured));
  return async () =>
    exposition([...measured.metrics.families(), ...(await outside()), ...configuration(measured), ...processFamilies(measured.now())]);
}

/** Those who ask meanwhile get the same answer, also while it is being had. */
function keptFor<T>(ms: number, now: () => Date, read: () => Promise<T>): () => Promise<T> {
  let kept: { at: number; value: Promise<T> } | undefined;
  return () => {
    const at = now().getTime();
    if (!kept || Math.abs(at - kept.at) >= ms) kept = { at, value: read() };
    return kept.value;
  };
}

async function readOutside({ temporalReachable, ledger }: Measured): Promise<Family[]> {
  const [reachable, gauges] = await Promise.all([temporalReachable(), readLedger(ledger)]);
  return [
    gauge('overhaul_temporal_reachable', 'Whether Temporal answers.', Number(reachable)),
    gauge(
      'overhaul_ledger_readable',
      'Whether the ledger can be read: without it, what is told of runs is missing.',
      Number(gauges !== undefined),
    ),
    ...(gauges ? ledgerFamilies(gauges) : []),
  ];
}

interface LedgerGauges extends Gauges {
  halted: boolean;
  budget: { left: number; perWindow: number; windowMs: number };
}

async function readLedger(open: Measured['ledger']): Promise<LedgerGauges | undefined> {
  try {
    const { database, calls, killSwitch } = await open();
    const [gauges, budget, halt] = [await readGauges(database), await calls.left(), await killSwitch.state()];
    return { ...gauges, budget, halted: halt !== undefined };
  } catch {
    return undefined;
  }
}

function ledgerFamilies({ live, waiting, budget, halted, ...counts }: LedgerGauges): Family[] {
  const runs: Sample[] = live.map(({ kind, phase, n }) => ({ labels: { kind, phase }, value: n }));
  return [
    { name: 'overhaul_runs', help: 'Runs, campaigns and their steps that are not finished.', type: 'gauge', samples: runs },
    gauge('overhaul_approvals_waiting', 'Runs and waves that wait for an approval.', waiting),
    gauge('overhaul_executions_in_flight', 'Executions that are sent and not settled.', counts.inFlight),
    gauge('overhaul_executions_in_doubt', 'Executions that are on their way, or whose answer was lost.', counts.inDoubt),
    gauge('overhaul_open_copies', 'Copies of scripts that may still run at an asset.', counts.openCopies),
    gauge('overhaul_calls_left', 'Calls to Qualys that may be made now in the tightest window.', budget.left),
    gauge('overhaul_calls_per_window', 'Calls to Qualys that this window allows.', budget.perWindow),
    gauge('overhaul_call_window_seconds', 'Length of this window.', budget.windowMs / MS_PER_S),
    gauge('overhaul_halted', 'Whether the kill switch is thrown.', Number(halted)),
    { name: 'overhaul_audit_entries_total', help: 'Entries of the audit log.', type: 'counter', samples: [{ value: counts.auditEntries }] },
  ];
}

function configuration({ health, now }: Measured): Family[] {
  const { readAt, problem } = health();
  return [
    gauge('overhaul_configuration_valid', 'Whether the configuration file as it is now is in force.', Number(problem === undefined)),
    gauge(
      'overhaul_configuration_age_seconds',
      'Since the configuration in force was read.',
      Math.max(0, (now().getTime() - Date.parse(readAt)) / MS_PER_S),
    ),
  ];
}

/** By the names that client libraries give them. */
function processFamilies(now: Date): Family[] {
  const { user, system } = process.cpuUsage();
  return [
    gauge('process_resident_memory_bytes', 'Resident memory.', process.memoryUsage.rss()),
    gauge('process_start_time_seconds', 'When the process began, in Unix time.', Math.round(now.getTime() / MS_PER_S - process.uptime())),
    {
      name: 'process_cpu_seconds_total',
      help: 'Processor time, of user and system.',
      type: 'counter',
      samples: [{ value: (user + system) / 1_000_000 }],
    },
  ];
}

function gauge(name: string, help: string, value: number): Family {
  return { name, help, type: 'gauge', samples: [{ value }] };
}
