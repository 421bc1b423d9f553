// Who may let a waiting run go on.

export interface ApprovalRule {
  quorum: number;
  expiresMs?: number | undefined;
  approvers?: readonly string[] | undefined;
  allowRequester: boolean;
}

/** A playbook's `approval`, as the server writes it into the memo of the runs it starts; `expires` in milliseconds. */
export interface PlaybookApproval {
  quorum?: number | undefined;
  expires?: number | undefined;
  approvers?: readonly string[] | undefined;
  allowRequester?: boolean | undefined;
}

export interface ApprovalAsk {
  rule: ApprovalRule;
  digest: string;
  requestedBy?: string | undefined;
  approvals: readonly string[];
}

/** Why this person's word does not count, or undefined when it does. */
export function refusedApproval(ask: ApprovalAsk | undefined, given: { by: string; digest?: string | undefined }): string | undefined {
  if (!ask) return 'Nothing waits for an approval.';
  if (given.digest !== undefined && given.digest !== ask.digest)
    return `The digest ${given.digest} is not the pending one, ${ask.digest}: look again at what you approve.`;
  if (ask.rule.approvers && !ask.rule.approvers.includes(given.by)) return `${given.by} is not among the approvers.`;
  if (!ask.rule.allowRequester && given.by === ask.requestedBy) return `${given.by} asked for this run and may not approve it.`;
  if (ask.approvals.includes(given.by)) return `${given.by} has approved already.`;
  return undefined;
}

export function isApproved(ask: ApprovalAsk): boolean {
  return ask.approvals.length >= ask.rule.quorum;
}
