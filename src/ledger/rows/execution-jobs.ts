// The jobs of an execution. One correlation UUID may have several, the later ones minutes after the first (docs/qualys-api.md#execute); and
// beside its own an adopted execution may have a twin: another job on exactly its assets, of which nobody can say that it was not ours,
// too.
import { jsonRows, type Sql } from '../sql/database.js';
import { INTEGERS } from '../sql/dialect.js';

export interface ExecutionJob {
  executionNo: number;
  jobId: string;
  /** Empty for a job of the execution's own UUID. */
  twinUuid: string;
}

interface NewJob {
  runId: string;
  executionNo: number;
  jobId: string;
  createdAt: number;
  twinUuid?: string;
}

/** A job that is known already stays as it is. */
const ADD_JOB = `
  INSERT INTO execution_jobs (run_id, execution_no, job_id, correlation_uuid, created_at)
  VALUES (?, ?, ?, ?, ?)
  ON CONFLICT DO NOTHING`;

export async function addExecutionJob(sql: Sql, { runId, executionNo, jobId, createdAt, twinUuid = '' }: NewJob): Promise<void> {
  await sql.run(ADD_JOB, [runId, executionNo, jobId, twinUuid, createdAt]);
}

const JOBS_OF_EXECUTIONS = `
  SELECT execution_no, job_id, correlation_uuid
  FROM execution_jobs
  WHERE run_id = ? AND execution_no IN ${INTEGERS}
  ORDER BY execution_no, created_at, job_id`;

export async function jobsOf(sql: Sql, runId: string, executions: readonly number[]): Promise<ExecutionJob[]> {
  const rows = await sql.all<{ execution_no: number; job_id: string; correlation_uuid: string }>(JOBS_OF_EXECUTIONS, [
    runId,
    jsonRows(executions),
  ]);
  return rows.map((row) => ({ executionNo: row.execution_no, jobId: row.job_id, twinUuid: row.correlation_uuid }));
}

/** Nobody else's from now on: of a job that may be one execution's twin no other one is proved. */
export async function addTwin(sql: Sql, twin: Required<NewJob>): Promise<void> {
  await sql.run('INSERT INTO twins (correlation_uuid, run_id, execution_no) VALUES (?, ?, ?)', [
    twin.twinUuid,
    twin.runId,
    twin.executionNo,
  ]);
  await addExecutionJob(sql, twin);
}
