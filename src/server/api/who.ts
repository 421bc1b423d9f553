// In whose name something is done: that of the credentials, and where nobody is asked for any, the name that is given.
import type { Principal } from '../access/principal.js';

/** What a body claims counts only where there are no credentials: beside them it is nothing. */
export function nameOf({ name, authenticated }: Principal, claimed: string | undefined): string {
  return authenticated || claimed === undefined || claimed === '' ? name : claimed;
}
