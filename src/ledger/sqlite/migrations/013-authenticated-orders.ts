/** Orders that came through the server's authentication, known before their run hears of them. */
export const AUTHENTICATED_ORDERS: readonly string[] = [
  `CREATE TABLE authenticated_orders (
    run_id TEXT NOT NULL, order_id TEXT NOT NULL, actor TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (run_id, order_id))`,
];
