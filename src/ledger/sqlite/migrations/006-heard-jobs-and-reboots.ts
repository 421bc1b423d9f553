/** Whose output was heard, and hosts that were told to restart. */
export const HEARD_JOBS_AND_REBOOTS: readonly string[] = [
  // The job whose output `heard` is of; null of what was heard before it was noted.
  `ALTER TABLE attempts ADD COLUMN heard_job TEXT`,
  // No plan asks for this wait: where no row tells when an agent has checked in, its time is enough.
  `ALTER TABLE check_ins ADD COLUMN by_default INTEGER NOT NULL DEFAULT 0`,
  // Its rows tell when the agent has checked in, be it before.
  `ALTER TABLE check_ins ADD COLUMN told INTEGER NOT NULL DEFAULT 0`,
];
