// Writes the attempts of a poll in one statement. libsql takes a microsecond for each value that is bound, and several for each statement,
// which is more than SQLite takes to write: so a column that differs in no row is left out, one that is the same in all rows is bound
// once, and the rest goes in as one JSON parameter a column.
import { jsonRows, type Sql, type SqlParameter } from '../sql/database.js';
import { integerOfRow, PAIRS, textOfRow } from '../sql/dialect.js';
import { type AttemptRow, WRITTEN_COLUMNS } from './attempt.js';

export interface AttemptChange {
  before: AttemptRow;
  after: AttemptRow;
}

type Column = (typeof WRITTEN_COLUMNS)[number];
type Source = 'once' | 'each';

const OF_INTEGERS: ReadonlySet<Column> = new Set<Column>([
  ...(['exit_code', 'started_at', 'finished_at', 'ended_at', 'status_since', 'disconnected', 'lease', 'decided_at'] as const),
]);

/** All of them rows of one run, each once. */
export async function writeAttempts(sql: Sql, runId: string, changes: readonly AttemptChange[]): Promise<void> {
  const first = changes[0]?.after;
  if (!first) return;
  const set: [Column, Source][] = [];
  const parameters: SqlParameter[] = [];
  for (const column of WRITTEN_COLUMNS) {
    if (changes.every(({ before, after }) => before[column] === after[column])) continue;
    const isSame = changes.every(({ after }) => after[column] === first[column]);
    set.push([column, isSame ? 'once' : 'each']);
    parameters.push(isSame ? first[column] : jsonRows(Object.fromEntries(changes.map(({ after }) => [keyOf(after), after[column]]))));
  }
  if (set.length === 0) return;
  const places = changes.map(({ after: { seq, attempt } }) => [seq, attempt]);
  await sql.run(statementFor(set), [...parameters, runId, jsonRows(places)]);
}

/** As `textOfRow` and `integerOfRow` look it up. */
function keyOf({ seq, attempt }: AttemptRow): string {
  return `${seq}/${attempt}`;
}

function statementFor(set: readonly [Column, Source][]): string {
  const value = ([column, source]: [Column, Source]): string => {
    if (source === 'once') return '?';
    return OF_INTEGERS.has(column) ? integerOfRow('attempts') : textOfRow('attempts');
  };
  return `
    UPDATE attempts
    SET ${set.map((one) => `${one[0]} = ${value(one)}`).join(', ')}
    WHERE run_id = ? AND (seq, attempt) IN ${PAIRS}`;
}
