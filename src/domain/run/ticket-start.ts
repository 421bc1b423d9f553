/** What the start of a run knows of the ticket behind it, beside its id: in the memo of its workflow. */
export interface TicketStart {
  /** The last part of the id is a count of the ticket's updates, which goes on growing after the approval. */
  counted?: boolean | undefined;
  /** Nobody sent an event: the ticket was found approved. */
  found?: boolean | undefined;
  /** What was found may be the authorisation of any run of the ticket: it begins only where there is none. */
  single?: boolean | undefined;
}
