// What the command line and the server ask of Temporal about runs; run-client.ts answers over the SDK, which is loaded only then.

import type { Problem } from '../../contracts/request.js';
import type { RunReport } from '../../domain/run/outcome.js';
import type { RunProgress } from '../../domain/run/progress.js';
import type { RunStart, StartAnswer } from '../start-run.js';

/** `running` until the workflow has ended, whatever phase its run is in. */
export type WorkflowState = 'running' | 'completed' | 'failed' | 'cancelled' | 'terminated' | 'timed out';

export interface WorkflowSummary {
  workflowId: string;
  state: WorkflowState;
  /** ISO 8601 UTC. */
  startedAt: string;
  closedAt?: string | undefined;
}

/** How a workflow ended: with its report, or without one. */
export type RunEnd = { kind: 'report'; report: RunReport } | { kind: 'failed'; type: string; message: string; problems: Problem[] };

export const DECISIONS = ['approve', 'reject', 'pause', 'resume', 'retryUnresolved'] as const;
export type DecisionName = (typeof DECISIONS)[number];

/** Methods throw what the SDK throws; the command line's throw `CommandFailed` with the exit code of what went wrong. */
export interface TemporalRuns {
  readonly address: string;
  readonly namespace: string;
  start(start: RunStart): Promise<StartAnswer>;
  /** Undefined when Temporal knows no such workflow. */
  find(workflowId: string): Promise<WorkflowSummary | undefined>;
  /** Rejects when no worker answers. */
  progress(workflowId: string): Promise<RunProgress>;
  /** Of a workflow that has ended. */
  end(workflowId: string): Promise<RunEnd>;
  /** `updateId`: the same has one effect, however often it is sent. */
  decide(workflowId: string, name: DecisionName, decision: { by: string; [key: string]: unknown }, updateId?: string): Promise<unknown>;
  cancel(workflowId: string, request: { by: string; reason?: string | undefined }): Promise<void>;
  /** When each process that asks this queue for tasks did so last, epoch milliseconds, by its identity. */
  pollers(taskQueue: string, tasks: 'workflow' | 'activity'): Promise<ReadonlyMap<string, number>>;
  /** The newest first. */
  list(limit: number): Promise<WorkflowSummary[]>;
  close(): Promise<void>;
}
