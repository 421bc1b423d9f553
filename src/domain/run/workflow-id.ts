// The id of a ticket's run. Temporal refuses a second run of the same id: this is what makes a webhook that comes twice harmless.

/** Temporal's default limit of an id (`limit.maxIDLength`), in bytes; an id past it would be refused only after the ticket was accepted. */
export const MAX_WORKFLOW_ID_BYTES = 1_000;

export interface TicketKey {
  /** The ticketing system's entry in the configuration, else the hook's name: never taken from the payload. */
  source: string;
  ticket: string;
  /** What authorises this run: an approval or a transition. A new generation of the same ticket is a new run. */
  generation: string;
}

export type TicketWorkflowId = { ok: true; workflowId: string } | { ok: false; problem: string };

/** `source/ticket/generation`, each percent-encoded: distinct keys give distinct ids. */
export function ticketWorkflowId({ source, ticket, generation }: TicketKey): TicketWorkflowId {
  const segments = [source, ticket, generation];
  if (segments.includes('')) return { ok: false, problem: 'the ticket id and its generation must not be empty' };
  const workflowId = joined(segments);
  if (workflowId === undefined) return { ok: false, problem: 'the ticket id or its generation is not valid Unicode text' };
  // Percent-encoded text is ASCII: characters are bytes.
  if (workflowId.length > MAX_WORKFLOW_ID_BYTES) {
    const problem = `the workflow id of this ticket would have ${workflowId.length} bytes (limit ${MAX_WORKFLOW_ID_BYTES}): shorten the ticket id or its generation`;
    return { ok: false, problem };
  }
  return { ok: true, workflowId };
}

/** Undefined for a lone surrogate, half of a character, which has no UTF-8. */
function joined(segments: readonly string[]): string | undefined {
  try {
    return segments.map(encodeURIComponent).join('/');
  } catch {
    return undefined;
  }
}
