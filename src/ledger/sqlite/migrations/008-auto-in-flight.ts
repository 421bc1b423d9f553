/** Runs whose `max_in_flight` follows the call budget (`maxInFlight: auto`). */
export const AUTO_IN_FLIGHT: readonly string[] = [`ALTER TABLE runs ADD COLUMN auto_in_flight INTEGER NOT NULL DEFAULT 0`];
