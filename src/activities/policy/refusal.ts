import type { Problem } from '../../contracts/request.js';

/** Policy, or the request in the light of policy, forbids the run: `PolicyViolation`, before anything is sent. */
export class PolicyRefused extends Error {
  override readonly name = 'PolicyRefused';

  constructor(
    message: string,
    /** What of it, one by one. */
    readonly problems: Problem[] = [],
  ) {
    super(message);
  }
}
