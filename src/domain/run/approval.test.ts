import { describe, expect, test } from '@jest/globals';
import {
  type ApprovalAsk,
  approvalLine,
  approvalRule,
  askedAgain,
  isApproved,
  refusedApproval,
  refusedResume,
  unreachableQuorum,
} from './approval.js';

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
    ['of another digest', ask(), { by: 'bob', digest: 'd0' }, 'The digest d0 is not the pending one, d1. Review what you approve.'],
    ['when nothing waits', undefined, { by: 'bob' }, 'Nothing is waiting for approval.'],
    ['by the requester', ask(), { by: 'ann' }, 'ann requested this run and may not approve it: somebody else has to.'],
    ['by the requester where that is allowed', ask({ rule: { quorum: 1, allowRequester: true } }), { by: 'ann' }, undefined],
    ['given twice', ask({ approvals: ['bob'] }), { by: 'bob' }, 'bob has already approved.'],
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

describe('the rule of a wave', () => {
  test.each([
    ['its own before the plan’s', { quorum: 3 }, { quorum: 2 }, { quorum: 3, allowRequester: false }],
    ['the plan’s when it has none', undefined, { quorum: 2, expires: 60_000 }, { quorum: 2, expiresMs: 60_000, allowRequester: false }],
    ['none when it says false', false as const, { quorum: 2 }, undefined],
    ['none when nobody asks for one', undefined, undefined, undefined],
    ['one approval when it says nothing more', {}, undefined, { quorum: 1, allowRequester: false }],
  ])('is %s', (_, own, fallback, rule) => {
    expect(approvalRule(own, fallback)).toEqual(rule);
  });

  test.each([
    [{ quorum: 2, allowRequester: false }, '2 approvals, not by the requester'],
    [{ quorum: 1, allowRequester: true, expiresMs: 259_200_000 }, '1 approval; expires after 3d 00h'],
    [{ quorum: 1, allowRequester: false, approvers: ['ann', 'bob'] }, '1 approval by ann, bob, not by the requester'],
  ])('%j reads: %s', (rule, line) => {
    expect(approvalLine(rule)).toBe(line);
  });

  test.each([
    [{ quorum: 9, allowRequester: false }, 'ann', undefined],
    [{ quorum: 2, allowRequester: false, approvers: ['bob', 'cid'] }, 'ann', undefined],
    [
      { quorum: 2, allowRequester: false, approvers: ['bob', 'bob'] },
      'ann',
      'a quorum of 2 can never be reached: the number of approvers is 1',
    ],
    [
      { quorum: 2, allowRequester: false, approvers: ['ann', 'bob'] },
      'ann',
      'a quorum of 2 can never be reached: the number of approvers without the requester (ann) is 1',
    ],
    [{ quorum: 2, allowRequester: true, approvers: ['ann', 'bob'] }, 'ann', undefined],
    [{ quorum: 2, allowRequester: false, approvers: ['ann', 'bob'] }, undefined, undefined],
  ])('%j asked by %s: %s', (rule, requestedBy, problem) => {
    expect(unreachableQuorum(rule, requestedBy)).toBe(problem);
  });
});

test('approvals of a digest are void once another one is asked about', () => {
  const approved = ask({ approvals: ['bob', 'cid'] });
  expect(askedAgain(approved, 'd1')).toBe(approved);
  expect(askedAgain(approved, 'd2')).toEqual(ask({ digest: 'd2', approvals: [] }));
});

describe('who somebody is', () => {
  const ask = {
    rule: { quorum: 2, allowRequester: false, approvers: ['Ann', 'bob'] },
    digest: 'd',
    requestedBy: 'Carol',
    approvals: ['ann'],
  };

  test.each([
    ['ANN', 'ANN has already approved.'],
    [' Bob ', undefined],
    ['carol', 'carol is not among the approvers.'],
  ])('%s is told apart without case', (by, refusal) => {
    expect(refusedApproval(ask, { by })).toBe(refusal);
  });

  test('the requester stays the requester in capitals', () => {
    const { approvers: _approvers, ...rule } = ask.rule;
    expect(refusedApproval({ ...ask, rule }, { by: 'CAROL' })).toBe(
      'CAROL requested this run and may not approve it: somebody else has to.',
    );
  });

  test.each([
    ['carol', 'carol is not among the approvers of this wave.'],
    ['BOB', undefined],
  ])('%s lets a breach pass as one may approve its wave', (by, refusal) => {
    expect(refusedResume(ask.rule, { by, requestedBy: 'Carol' })).toBe(refusal);
  });

  test('without approvers the requester may not, and without an approval everybody may', () => {
    const { approvers: _approvers, ...rule } = ask.rule;
    expect(refusedResume(rule, { by: 'carol', requestedBy: 'Carol' })).toBe('carol requested this campaign and may not accept its breach.');
    expect(refusedResume(undefined, { by: 'carol', requestedBy: 'Carol' })).toBeUndefined();
  });
});
