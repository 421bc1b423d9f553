// Whether the name on an order is a claim: the server writes down who it is before it passes the order on, and nobody else does.
import type { Database, Sql } from '../sql/database.js';

const NOTE = `
  INSERT INTO authenticated_orders (run_id, order_id, actor, at)
  VALUES (?, ?, ?, ?)
  ON CONFLICT (run_id, order_id) DO NOTHING`;

export class AuthenticatedOrders {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** `orderId`: the id of the update that will carry the order. */
  async note(runId: string, orderId: string, actor: string): Promise<void> {
    await this.#database.transaction(async (sql) => {
      await sql.run(NOTE, [runId, updateOrder(orderId), actor, await sql.now()]);
    });
  }
}

/** How an order is known that came as an update. */
export function updateOrder(updateId: string): string {
  return `update:${updateId}`;
}

/** The order came through the server, from somebody of that name. */
export async function isAuthenticated(sql: Sql, runId: string, { id, by }: { id: string; by?: string | undefined }): Promise<boolean> {
  if (by === undefined) return false;
  const row = await sql.first('SELECT 1 AS found FROM authenticated_orders WHERE run_id = ? AND order_id = ? AND actor = ?', [
    runId,
    id,
    by,
  ]);
  return row !== undefined;
}
