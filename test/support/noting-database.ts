import type { Database, Sql } from '../../src/ledger/sql/database.js';

/** The same database; `note` is told each statement, and how many rows it answered with or changed. */
export function notingDatabase(database: Database, note: (statement: string, rows: number) => void): Database {
  const over = (sql: Sql): Sql => ({
    now: () => sql.now(),
    wall: () => sql.wall(),
    async all<Row>(statement: string, parameters?: Parameters<Sql['all']>[1]) {
      const rows = await sql.all<Row>(statement, parameters);
      note(statement, rows.length);
      return rows;
    },
    async first<Row>(statement: string, parameters?: Parameters<Sql['all']>[1]) {
      const row = await sql.first<Row>(statement, parameters);
      note(statement, row === undefined ? 0 : 1);
      return row;
    },
    async run(statement, parameters) {
      const changes = await sql.run(statement, parameters);
      note(statement, changes);
      return changes;
    },
  });
  const transaction: Database['transaction'] = (work, options) => database.transaction((sql) => work(over(sql)), options);
  return { ...over(database), transaction, isInPlace: () => database.isInPlace(), close: () => database.close() };
}
