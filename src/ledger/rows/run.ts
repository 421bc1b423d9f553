// A run as the ledger keeps it. What is ordered of a campaign holds for every step of it: no permit asks twice.

import type { ErrorBudget, RemediationRequest } from '../../contracts/request.js';
import type { WindowCalendar } from '../../domain/calendar/windows.js';
import type { WaveStatus } from '../../domain/campaign/status.js';
import type { CampaignStepName } from '../../domain/campaign/step.js';
import { type Admits, admitsOf } from '../../domain/campaign/wave-admits.js';
import type { PlaybookApproval } from '../../domain/run/approval.js';
import type { LiveCounts, RunReport, StopCause } from '../../domain/run/outcome.js';
import type { RunPhase } from '../../domain/run/snapshot.js';
import type { Sql } from '../sql/database.js';
import { fieldsOf } from './fields.js';

/** The request as the ledger keeps it: without the explicit targets, which are the cohort. */
export type StoredRequest = Omit<RemediationRequest, 'targets'>;

/** `campaign`: the coordinator's own row, never sent from. `step`: one step of one wave of it. */
export type RunKind = 'run' | 'campaign' | 'step';

/** The script that an id or title meant, with the hash of its content where Qualys tells the content. */
export interface NamedScript {
  id: string;
  title: string;
  sha256?: string | undefined;
}

export interface RunRow {
  id: string;
  kind: RunKind;
  /** The run that this one looks at again. */
  parentId?: string | undefined;
  /** Of a step: which one of which campaign. */
  campaign?: { id: string; wave: number; step: CampaignStepName } | undefined;
  firstExecutionId: string;
  namespace: string;
  /** Which namespace of that name it is: another Temporal may have one, too. */
  namespaceId?: string | undefined;
  /** Since when Temporal says that it does not know the workflow, by the ledger's clock. */
  missingSince?: number | undefined;
  phase: RunPhase;
  request: StoredRequest;
  script?: NamedScript;
  /** What its playbook or plan asks of people: runs that follow from it ask the same. */
  approval?: PlaybookApproval | undefined;
  /** Of a follow-up that has a script of its own, as it was when the run was opened. */
  followUpScript?: NamedScript | undefined;
  cohort: { size: number; digest?: string | undefined };
  maxInFlight: number;
  /** `maxInFlight` follows the call budget. */
  autoInFlight: boolean;
  deadlineMs: number;
  errorBudget?: ErrorBudget | undefined;
  /** As many outcomes over the budget as a person has accepted. */
  budgetAccepted?: number | undefined;
  /** Of a step: its wave's assets that the step is not for. They count in the wave's budget. */
  budgetBase?: LiveCounts | undefined;
  /** What a breach of the budget does; without it the run stops. */
  onBreach?: 'pause' | 'abort' | 'rollback' | undefined;
  /** What happens to an asset that another run works on. */
  conflict: 'wait' | 'skip';
  /** When executions may start. */
  calendar?: WindowCalendar | undefined;
  /** By its own order, or its campaign's. */
  paused: boolean;
  /** Paused itself, as by a breach of its budget. */
  held: boolean;
  /** The ledger was once found to know less than was issued of the run, or of its campaign. */
  stale: boolean;
  /** Its close has begun: nothing is sent, and no word is taken any more. */
  closing: boolean;
  /** By its own order, or its campaign's. */
  stop?: { cause: StopCause; reason: string } | undefined;
  /** Of a step: what its wave still lets it send. */
  admits: Admits;
  /** By its own request, or its campaign's: assets are sent to although another copy of the script may still run there. */
  despiteOpenCopies: boolean;
  /** Its targets were not compared with all that their inventory holds: somebody has asked for it. */
  everything: boolean;
  fence: number;
  claimed: number;
  nextPollAt: number;
  /**
   * The latest reading in which the script was what was approved: when it began, by the ledger's clock, and how many were needed by then
   * and by now.
   */
  scriptReading: { at?: number | undefined; read: number; needed: number };
  /** When the latest reading began that found the ticket approved, by the ledger's clock. */
  ticketCheckedAt?: number | undefined;
  resolveCursor?: string | undefined;
  createdAt: number;
  startedAt?: number | undefined;
  finishedAt?: number | undefined;
  report?: RunReport | undefined;
}

export interface StoredRun {
  id: string;
  kind: RunKind;
  campaign_id: string | null;
  parent_id: string | null;
  wave: number | null;
  step: CampaignStepName | null;
  calendar: string | null;
  on_breach: 'pause' | 'abort' | 'rollback' | null;
  conflict: 'wait' | 'skip' | null;
  budget_accepted: number | null;
  budget_base: string | null;
  campaign_paused: number | null;
  campaign_stop_cause: StopCause | null;
  campaign_stop_reason: string | null;
  campaign_despite_copies: number | null;
  wave_status: WaveStatus | null;
  wave_closed_at: number | null;
  despite_copies: number;
  everything: number;
  stale: string | null;
  closing: number;
  campaign_stale: string | null;
  first_execution_id: string;
  namespace: string;
  namespace_id: string | null;
  missing_since: number | null;
  phase: RunPhase;
  request: string;
  script_id: string | null;
  script_title: string | null;
  script_sha256: string | null;
  cohort_size: number;
  cohort_digest: string | null;
  max_in_flight: number;
  auto_in_flight: number;
  deadline_ms: number;
  error_budget: string | null;
  paused: number;
  stop_cause: StopCause | null;
  stop_reason: string | null;
  blocked: string | null;
  fence: number;
  next_execution_no: number;
  accepted: number;
  api_calls: number;
  wakes: number;
  next_poll_at: number;
  check_in_poll_at: number;
  script_checked_at: number | null;
  script_needed: number;
  ticket_checked_at: number | null;
  follow_up_script: string | null;
  approval: string | null;
  script_read: number;
  resolve_cursor: string | null;
  created_at: number;
  started_at: number | null;
  finished_at: number | null;
  report: string | null;
}

/** What a campaign asks of its steps beyond a request. */
export interface CampaignRules {
  calendar?: WindowCalendar | undefined;
  onBreach?: 'pause' | 'abort' | 'rollback' | undefined;
  conflict?: 'wait' | 'skip' | undefined;
}

/** By name: a star is read the slower way (ledger/sqlite/driver.ts), and this is read more often than anything else. */
const OWN_COLUMNS = [
  'id',
  'kind',
  'campaign_id',
  'parent_id',
  'wave',
  'step',
  'calendar',
  'on_breach',
  'conflict',
  'budget_accepted',
  'budget_base',
  'despite_copies',
  'everything',
  'stale',
  'closing',
  'first_execution_id',
  'namespace',
  'namespace_id',
  'missing_since',
  'phase',
  'request',
  'script_id',
  'script_title',
  'script_sha256',
  'cohort_size',
  'cohort_digest',
  'max_in_flight',
  'auto_in_flight',
  'deadline_ms',
  'error_budget',
  'paused',
  'stop_cause',
  'stop_reason',
  'blocked',
  'fence',
  'next_execution_no',
  'accepted',
  'api_calls',
  'wakes',
  'next_poll_at',
  'check_in_poll_at',
  'script_checked_at',
  'script_needed',
  'ticket_checked_at',
  'follow_up_script',
  'approval',
  'script_read',
  'resolve_cursor',
  'created_at',
  'started_at',
  'finished_at',
  'report',
] as const satisfies (keyof StoredRun)[];

/** With what its campaign's row says of pausing and stopping, and its wave's of what it lets be sent. */
export const SELECT_RUN = `
  SELECT ${OWN_COLUMNS.map((column) => `runs.${column}`).join(', ')},
    parent.paused AS campaign_paused, parent.stop_cause AS campaign_stop_cause, parent.stop_reason AS campaign_stop_reason,
    parent.stale AS campaign_stale, parent.despite_copies AS campaign_despite_copies,
    waves.status AS wave_status, waves.closed_at AS wave_closed_at
  FROM runs
  LEFT JOIN runs AS parent ON parent.id = runs.campaign_id
  LEFT JOIN waves ON waves.campaign_id = runs.campaign_id AND waves.wave_no = runs.wave`;

export async function readStored(sql: Sql, id: string): Promise<StoredRun | undefined> {
  return sql.first<StoredRun>(`${SELECT_RUN} WHERE runs.id = ?`, [id]);
}

export async function readRun(sql: Sql, id: string): Promise<RunRow | undefined> {
  const row = await readStored(sql, id);
  return row && toRun(row);
}

const FIELDS = {
  id: 'id',
  kind: 'kind',
  parentId: 'parent_id',
  firstExecutionId: 'first_execution_id',
  namespace: 'namespace',
  namespaceId: 'namespace_id',
  missingSince: 'missing_since',
  phase: 'phase',
  maxInFlight: 'max_in_flight',
  deadlineMs: 'deadline_ms',
  budgetAccepted: 'budget_accepted',
  onBreach: 'on_breach',
  fence: 'fence',
  nextPollAt: 'next_poll_at',
  ticketCheckedAt: 'ticket_checked_at',
  resolveCursor: 'resolve_cursor',
  createdAt: 'created_at',
  startedAt: 'started_at',
  finishedAt: 'finished_at',
} as const satisfies Record<string, keyof StoredRun>;

export function toRun(row: StoredRun): RunRow {
  return {
    ...fieldsOf(row, FIELDS),
    campaign: row.campaign_id === null || row.step === null ? undefined : { id: row.campaign_id, wave: row.wave ?? 0, step: row.step },
    request: JSON.parse(row.request) as StoredRequest,
    ...(row.script_id === null
      ? {}
      : { script: { id: row.script_id, title: row.script_title ?? row.script_id, sha256: row.script_sha256 ?? undefined } }),
    approval: row.approval === null ? undefined : (JSON.parse(row.approval) as PlaybookApproval),
    followUpScript: row.follow_up_script === null ? undefined : (JSON.parse(row.follow_up_script) as NamedScript),
    cohort: { size: row.cohort_size, digest: row.cohort_digest ?? undefined },
    errorBudget: row.error_budget ? (JSON.parse(row.error_budget) as ErrorBudget) : undefined,
    budgetBase: baseOf(row),
    autoInFlight: row.auto_in_flight === 1,
    conflict: row.conflict ?? 'wait',
    calendar: row.calendar ? (JSON.parse(row.calendar) as WindowCalendar) : undefined,
    paused: row.paused === 1 || row.campaign_paused === 1,
    held: row.paused === 1,
    closing: row.closing > 0,
    stale: row.stale !== null || row.campaign_stale !== null,
    stop: stopOf(row),
    admits:
      row.step === null || row.wave_status === null
        ? 'all'
        : admitsOf(row.step, { status: row.wave_status, closed: row.wave_closed_at !== null }),
    despiteOpenCopies: row.despite_copies === 1 || row.campaign_despite_copies === 1,
    everything: row.everything === 1,
    claimed: row.next_execution_no - 1,
    scriptReading: { at: row.script_checked_at ?? undefined, read: row.script_read, needed: row.script_needed },
    report: row.report ? (JSON.parse(row.report) as RunReport) : undefined,
  };
}

export function baseOf({ budget_base: base }: Pick<StoredRun, 'budget_base'>): LiveCounts | undefined {
  return base === null ? undefined : (JSON.parse(base) as LiveCounts);
}

export function stopOf(row: StoredRun): RunRow['stop'] {
  if (row.stop_cause) return { cause: row.stop_cause, reason: row.stop_reason ?? '' };
  return row.campaign_stop_cause ? { cause: row.campaign_stop_cause, reason: row.campaign_stop_reason ?? '' } : undefined;
}
