// Who may let a waiting run or wave go on.
import { spanText } from '../clock/span.js';

export interface ApprovalRule {
  quorum: number;
  expiresMs?: number | undefined;
  approvers?: readonly string[] | undefined;
  allowRequester: boolean;
}

/** A playbook's `approval`, as the server writes it into the memo of the runs it starts, and a plan's; `expires` in milliseconds. */
export interface PlaybookApproval {
  quorum?: number | undefined;
  expires?: number | undefined;
  approvers?: readonly string[] | undefined;
  allowRequester?: boolean | undefined;
}

export interface ApprovalAsk {
  /** What is asked; a run as a whole when not said. */
  kind?: 'run' | 'wave' | 'inconclusive' | 'breach' | undefined;
  /** The wave's name, in a campaign. */
  wave?: string | undefined;
  rule: ApprovalRule;
  digest: string;
  requestedBy?: string | undefined;
  approvals: readonly string[];
}

/** Why this person's word does not count, or undefined when it does. */
export function refusedApproval(ask: ApprovalAsk | undefined, given: { by: string; digest?: string | undefined }): string | undefined {
  if (!ask) return 'Nothing is waiting for approval.';
  if (given.digest !== undefined && given.digest !== ask.digest)
    return `The digest ${given.digest} is not the pending one, ${ask.digest}. Review what you approve.`;
  if (ask.rule.approvers && !includesPerson(ask.rule.approvers, given.by)) return `${given.by} is not among the approvers.`;
  if (!ask.rule.allowRequester && isSamePerson(given.by, ask.requestedBy))
    return `${given.by} requested this run and may not approve it: somebody else has to.`;
  if (includesPerson(ask.approvals, given.by)) return `${given.by} has already approved.`;
  return undefined;
}

/** Names are claims, and told apart without case: `Ann` is no second person beside `ann`. */
export function includesPerson(names: readonly string[], by: string): boolean {
  return names.some((name) => isSamePerson(name, by));
}

function isSamePerson(one: string, other: string | undefined): boolean {
  const plain = (name: string): string => name.trim().normalize('NFKC').toLowerCase();
  return other !== undefined && plain(one) === plain(other);
}

/** Why this person may not let a breach pass in mid-step: what the wave's approval asks of people holds for this, too. */
export function refusedResume(rule: ApprovalRule | undefined, given: { by: string; requestedBy?: string | undefined }): string | undefined {
  if (!rule) return undefined;
  if (rule.approvers && !includesPerson(rule.approvers, given.by)) return `${given.by} is not among the approvers of this wave.`;
  if (!rule.allowRequester && isSamePerson(given.by, given.requestedBy))
    return `${given.by} requested this campaign and may not accept its breach.`;
  return undefined;
}

export function isApproved(ask: ApprovalAsk): boolean {
  return ask.approvals.length >= ask.rule.quorum;
}

/** The rule of a wave: its own, else the plan's. None when the wave says `false`, or neither says anything. */
export function approvalRule(own: PlaybookApproval | false | undefined, fallback?: PlaybookApproval | undefined): ApprovalRule | undefined {
  const approval = own ?? fallback;
  if (!approval) return undefined;
  const { quorum = 1, expires: expiresMs, approvers, allowRequester = false } = approval;
  return { quorum, expiresMs, approvers, allowRequester };
}

/** The same question about what stands there now: approvals of another digest are void. */
export function askedAgain(ask: ApprovalAsk, digest: string): ApprovalAsk {
  return ask.digest === digest ? ask : { ...ask, digest, approvals: [] };
}

/** Why nobody can ever give this approval, or undefined when it can be given. */
export function unreachableQuorum(rule: ApprovalRule, requestedBy: string | undefined): string | undefined {
  if (!rule.approvers) return undefined;
  const may = new Set(rule.approvers);
  const isRequesterOut = !rule.allowRequester && requestedBy !== undefined && may.delete(requestedBy);
  if (may.size >= rule.quorum) return undefined;
  const who = isRequesterOut ? `the number of approvers without the requester (${requestedBy}) is` : 'the number of approvers is';
  return `a quorum of ${rule.quorum} can never be reached: ${who} ${may.size}`;
}

/** For the plan: `2 approvals by ann, bob, cid, not by the requester; expires after 3d 00h`. */
export function approvalLine({ quorum, expiresMs, approvers, allowRequester }: ApprovalRule): string {
  const count = quorum === 1 ? '1 approval' : `${quorum} approvals`;
  const who = approvers ? ` by ${approvers.join(', ')}` : '';
  const requester = allowRequester ? '' : ', not by the requester';
  return `${count}${who}${requester}${expiresMs === undefined ? '' : `; expires after ${spanText(expiresMs)}`}`;
}
