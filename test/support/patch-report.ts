import type { RunReport } from '../../src/domain/run/outcome.js';

/** A run of two assets that has ended, with names that have to be escaped. */
export const PATCH_REPORT: RunReport = {
  runId: 'patch <1>',
  status: 'partial',
  script: { id: '72648', title: 'Restart & "wait"' },
  counts: { targeted: 2, succeeded: 1, failed: 1, unverified: 0, unreachable: 0, missing: 0, skipped: 0 },
  strays: 0,
  executions: 1,
  apiCalls: 5,
  startedAt: '2026-08-22T10:00:00.000Z',
  finishedAt: '2026-08-22T10:03:20.000Z',
};
