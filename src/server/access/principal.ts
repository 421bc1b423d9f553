// Who sent a request: known by a token of the configuration or by a token of its identity provider; on this machine alone, nobody in
// particular.
import type { Role } from '../../domain/access/permissions.js';
import type { ProblemAnswer } from '../problem.js';

export interface Principal {
  /** Of the token, or the claim that names people: `by` and `requestedBy` of what they do. */
  name: string;
  role: Role;
  /** False where the server serves this machine only and asks nobody who they are: then a name is a claim. */
  authenticated: boolean;
}

/** Without `access` whoever is on this machine may do everything: Temporal and the ledger are open to them, too. */
export const LOCAL: Principal = { name: 'local', role: 'admin', authenticated: false };

export type Admission = { principal: Principal } | { refused: ProblemAnswer };
