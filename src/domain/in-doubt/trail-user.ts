// Who we are in the audit trail. It prints a display name and a UUID, neither of which is the login (the documents' samples: "FIM
// Automation").

/** A user as the trail's records spell it; either may be unknown. */
export interface TrailUser {
  name?: string | undefined;
  uuid?: string | undefined;
}

/** The record of an execution that is known to be ours: one word for who we are. */
export interface Vote extends TrailUser {
  correlationUuid: string;
}

/** Executions that have to agree before their user is taken for ours. */
const AGREEING = 3;
/** Fewer are enough where a claim of our own token says the same. */
const AGREEING_WITH_HINT = 1;

/** Who we are by these votes; undefined while they are few, and for good where they contradict each other. */
export function userByVotes(votes: readonly Vote[], hints: readonly string[] = []): TrailUser | undefined {
  const [first] = votes;
  if (!first || !votes.every((vote) => isSameUser(vote, first))) return undefined;
  const executions = new Set(votes.map(({ correlationUuid }) => correlationUuid));
  const uuid = votes.find((vote) => vote.uuid !== undefined)?.uuid;
  const name = votes.findLast((vote) => vote.name !== undefined)?.name;
  const isHinted = hints.some((hint) => isSameName(hint, uuid) || isSameName(hint, name));
  return executions.size >= (isHinted ? AGREEING_WITH_HINT : AGREEING) ? { name, uuid } : undefined;
}

/** By the UUID where both have one: people are renamed, and two may have one name. */
export function isSameUser(a: TrailUser, b: TrailUser): boolean {
  return a.uuid !== undefined && b.uuid !== undefined ? isSameName(a.uuid, b.uuid) : isSameName(a.name, b.name);
}

function isSameName(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && a.trim() !== '' && a.trim().toLowerCase() === b.trim().toLowerCase();
}
