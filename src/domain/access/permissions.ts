// Who may do what through the server (docs/http-api.md). One table; the routes ask it, and nothing else decides.

export const ROLES = ['viewer', 'operator', 'approver', 'admin'] as const;
export type Role = (typeof ROLES)[number];

const YES = true;
const NO = false;

/** What each role may, in the order of `ROLES`. */
const MAY = {
  //                viewer operator approver admin
  read: /*       */ [YES, YES, YES, YES],
  start: /*      */ [NO, YES, YES, YES],
  pause: /*      */ [NO, YES, YES, YES],
  resume: /*     */ [NO, YES, YES, YES],
  retry: /*      */ [NO, YES, YES, YES],
  cancel: /*     */ [NO, YES, YES, YES],
  approve: /*    */ [NO, NO, YES, YES],
  reject: /*     */ [NO, NO, YES, YES],
  /** Lets a campaign go on that a breach of its error budget holds: `resume` then stands for an approval. */
  'accept-breach': [NO, NO, YES, YES],
  /** A second copy of a script may run on an asset, or a query takes all that an inventory holds. */
  override: /*   */ [NO, NO, NO, YES],
} as const satisfies Record<string, readonly [boolean, boolean, boolean, boolean]>;

export type Operation = keyof typeof MAY;
export const OPERATIONS = Object.keys(MAY) as readonly Operation[];

export function may(role: Role, operation: Operation): boolean {
  return MAY[operation][ROLES.indexOf(role)] ?? NO;
}

/** The roles that may, from the one with the fewest rights on. */
export function rolesFor(operation: Operation): Role[] {
  return ROLES.filter((role) => may(role, operation));
}

/** The role with the most rights. */
export function highestRole(roles: readonly Role[]): Role | undefined {
  return ROLES.findLast((role) => roles.includes(role));
}
