// In whose name something is done: that of the credentials, and where nobody is asked for any, the name that is given.
import type { Principal } from '../access/principal.js';
import { Refused } from './route.js';

/** Throws `Refused` where the body names somebody else than the credentials do. */
export function nameOf({ name, authenticated }: Principal, claimed: string | undefined, path: string): string {
  if (claimed === undefined || claimed === name) return name;
  if (!authenticated) return claimed;
  throw new Refused({
    status: 422,
    detail: 'the body is invalid: 1 problem',
    problems: [{ path, problem: `comes from the credentials (${name}): leave it out` }],
  });
}
