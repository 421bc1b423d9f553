import { describe, expect, test } from '@jest/globals';
import { type ApprovalAsk, isApproved, refusedApproval } from './approval.js';

const ask = (changes: Partial<ApprovalAsk> = {}): ApprovalAsk => ({
  rule: { quorum: 2, allowRequester: false },
  digest: 'd1',
  requestedBy: 'ann',
  approvals: [],
  ...changes,
});

describe('an approval', () => {
  test.each<[string, ApprovalAsk | undefined, { by: string; digest?: string }, string | undefined]>([
    ['by another person counts', ask(), { by: 'bob' }, undefined],
    ['of the pending digest counts', ask(), { by: 'bob', digest: 'd1' }, undefined],
    ['of another digest', ask(), { by: 'bob', digest: 'd0' }, 'The digest d0 is not the pending one, d1: look again at what you approve.'],
    ['when nothing waits', undefined, { by: 'bob' }, 'Nothing waits for an approval.'],
    ['by the requester', ask(), { by: 'ann' }, 'ann asked for this run and may not approve it.'],
    ['by the requester where that is allowed', ask({ rule: { quorum: 1, allowRequester: true } }), { by: 'ann' }, undefined],
    ['given twice', ask({ approvals: ['bob'] }), { by: 'bob' }, 'bob has approved already.'],
    [
      'by somebody who is no approver',
      ask({ rule: { quorum: 1, allowRequester: false, approvers: ['cid'] } }),
      { by: 'bob' },
      'bob is not among the approvers.',
    ],
    ['by a named approver', ask({ rule: { quorum: 1, allowRequester: false, approvers: ['cid'] } }), { by: 'cid' }, undefined],
  ])('%s', (_, pending, given, refusal) => {
    expect(refusedApproval(pending, given)).toBe(refusal);
  });

  test.each([
    [[], false],
    [['bob'], false],
    [['bob', 'cid'], true],
    [['bob', 'cid', 'dan'], true],
  ])('a quorum of two with %j', (approvals, approved) => {
    expect(isApproved(ask({ approvals }))).toBe(approved);
  });
});
