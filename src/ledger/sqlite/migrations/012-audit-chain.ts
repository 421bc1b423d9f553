/** Each entry of the audit log has a hash over itself and the one before; tables.ts computes those of the entries that are there. */
export const AUDIT_CHAIN: readonly string[] = [`ALTER TABLE audit ADD COLUMN hash TEXT`];
