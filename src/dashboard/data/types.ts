// What the API answers, as the page uses it. The schemas stay at the server: only their types come along.
import type { z } from 'zod';
import type { AssetPageSchema, FailuresSchema, ListedRunSchema, RunPageSchema, RunShownSchema } from '../../contracts/http/answers.js';
import type { LiveCounts, RunReport } from '../../domain/run/outcome.js';

export type ListedRun = z.output<typeof ListedRunSchema>;
export type RunPage = z.output<typeof RunPageSchema>;
export type AssetPage = z.output<typeof AssetPageSchema>;
export type Failures = z.output<typeof FailuresSchema>;
export type FailureGroup = Failures['groups'][number];
export type AssetRow = AssetPage['items'][number];

type Answered = z.output<typeof RunShownSchema>;
export type Question = NonNullable<Answered['question']>;
export type AuditEntry = Answered['audit'][number];

export interface Wave {
  number: number;
  name: string;
  status: string;
  approvedBy: string[];
  why?: string;
  openedAt?: string;
  closedAt?: string;
  counts: LiveCounts;
}

export type Counts = Omit<LiveCounts, 'pending' | 'running'> & Partial<LiveCounts>;

/** Of the request what the page shows. */
export interface RequestShown {
  requestedBy?: string;
  reason?: string;
  ticket?: { system: string; id: string; url?: string };
}

export type Run = Pick<Answered, 'workflowId' | 'state' | 'kind' | 'question' | 'halted' | 'warnings' | 'warning' | 'audit'> & {
  workflow?: { state: string; startedAt: string };
  script?: { id: string; title: string };
  waves?: Wave[];
  request?: RequestShown;
  progress?: Omit<NonNullable<Answered['progress']>, 'counts'> & { counts: LiveCounts };
  report?: RunReport;
  failure?: { type: string; message: string };
};

/** What an event of the stream brings: what it has not is not so any more. */
export type RunNews = Pick<Run, 'workflowId' | 'state' | 'waves' | 'question' | 'report' | 'failure' | 'warning' | 'progress'>;

export type Decision = 'approve' | 'reject' | 'pause' | 'resume' | 'cancel';
