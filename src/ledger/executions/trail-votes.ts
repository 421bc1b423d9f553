import type { Vote } from '../../domain/in-doubt/trail-user.js';
import { type Database, jsonRows, storableText } from '../sql/database.js';
import { rowsGiven, TEXTS, textAt } from '../sql/dialect.js';

/** More say nothing new. */
const VOTES_KEPT = 50;

export interface KnownOurs {
  jobId: string;
  correlationUuid: string;
  scriptId: string;
  /** Server time. */
  createdAt: number;
}

/** As many as are kept of a sender, the first that came. */
const ADD_VOTES = `
  INSERT INTO trail_votes (sender, correlation_uuid, name, uuid)
  SELECT ?, ${textAt('vote', 0)}, ${textAt('vote', 1)}, ${textAt('vote', 2)}
  FROM ${rowsGiven('vote')}
  WHERE (SELECT count(*) FROM trail_votes WHERE sender = ?) < ?
  ON CONFLICT DO NOTHING`;

const ANSWERED = `
  SELECT correlation_uuid
  FROM executions
  WHERE correlation_uuid IN ${TEXTS} AND sender = ? AND adopted = 0`;

const LATEST_JOBS = `
  SELECT job_id, executions.correlation_uuid, script_id, job_created_at AS created_at
  FROM executions
  WHERE sender = ? AND adopted = 0 AND job_id IS NOT NULL AND job_created_at > 0
  ORDER BY accepted_at DESC
  LIMIT ?`;

/** What the audit trail called us beside executions that are known to be ours; by user and gateway, as both may change. */
export class TrailVotes {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async of(sender: string): Promise<Vote[]> {
    const rows = await this.#database.all<{ correlation_uuid: string; name: string | null; uuid: string | null }>(
      'SELECT correlation_uuid, name, uuid FROM trail_votes WHERE sender = ? LIMIT ?',
      [sender, VOTES_KEPT],
    );
    return rows.map((row) => ({ correlationUuid: row.correlation_uuid, name: row.name ?? undefined, uuid: row.uuid ?? undefined }));
  }

  async add(sender: string, votes: readonly Vote[]): Promise<void> {
    if (votes.length === 0) return;
    const text = (value: string | undefined): string | null => (value === undefined ? null : storableText(value));
    await this.#database.run(ADD_VOTES, [
      sender,
      jsonRows(votes.map(({ correlationUuid, name, uuid }) => [correlationUuid, text(name), text(uuid)])),
      sender,
      VOTES_KEPT,
    ]);
  }

  /** Those of these UUIDs that Qualys gave as an answer to an execution of this user. */
  async answered(sender: string, uuids: readonly string[]): Promise<Set<string>> {
    const rows = await this.#database.all<{ correlation_uuid: string }>(ANSWERED, [jsonRows(uuids), sender]);
    return new Set(rows.map(({ correlation_uuid: uuid }) => uuid));
  }

  /** Executions whose job is known by their own answer, the newest first: what the trail says beside them is said of us. */
  async knownOurs(sender: string, limit: number): Promise<KnownOurs[]> {
    const rows = await this.#database.all<{ job_id: string; correlation_uuid: string; script_id: string; created_at: number }>(
      LATEST_JOBS,
      [sender, limit],
    );
    return rows.map((row) => ({
      jobId: row.job_id,
      correlationUuid: row.correlation_uuid,
      scriptId: row.script_id,
      createdAt: row.created_at,
    }));
  }
}
