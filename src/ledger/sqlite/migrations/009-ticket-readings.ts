/** The ticket that started a run is read again before its first execution. */
export const TICKET_READINGS: readonly string[] = [
  // When the latest reading began that found it approved, by the ledger's clock.
  `ALTER TABLE runs ADD COLUMN ticket_checked_at INTEGER`,
];
