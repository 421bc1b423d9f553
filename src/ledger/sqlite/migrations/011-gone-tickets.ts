/** A ticket that its system does not have any more. */
export const GONE_TICKETS: readonly string[] = [
  // Since when readings say so without one that found it, by the ledger's clock.
  `ALTER TABLE runs ADD COLUMN ticket_gone_since INTEGER`,
];
