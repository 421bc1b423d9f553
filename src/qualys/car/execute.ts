// `execute`: the one call that must never happen twice. One attempt, one socket, and a word for each fate.

import { QualysError } from '../errors.js';
import { redacted } from '../http/redact.js';
import { type Attempt, attempt, type Call, type Wire } from '../http/send.js';
import type { TokenSource } from '../http/token.js';
import type { ExecuteAnswer, ExecuteRequest } from '../types.js';
import { paths } from '../walks/endpoints.js';
import { correlationUuidOf, ExecuteBody } from '../wire/effects.js';

/** Throws only for a request that no caller should have made (empty, over 25 entries, ids that are no ids), before anything is sent. */
export async function execute(wire: Wire & { tokens: TokenSource }, request: ExecuteRequest): Promise<ExecuteAnswer> {
  const call = executeCall(request);
  // The token first: fetching it inside the gate would hold a place and eat the time in which the request may start.
  const token = await tokenOr(() => wire.tokens.token(), notSentWithoutToken);
  if (typeof token !== 'string') return token.instead;
  const first = await tried(wire, call, token);
  if (first !== 'token') return first;

  const late: ExecuteAnswer = {
    kind: 'refused',
    why: 'token',
    message: 'Qualys refused the token (HTTP 401), and it is too late to send the request again under this permit',
  };
  const fresh = await tokenOr(() => wire.tokens.replacementOf(token), refusedWithoutToken);
  if (typeof fresh !== 'string') return fresh.instead;
  const second = await tried(wire, call, fresh);
  if (second === 'token') return { kind: 'refused', why: 'token', message: 'Qualys refused a new token (HTTP 401)' };
  // The first sending did leave this machine, so "not sent" would be untrue of the whole; both are known not to have run.
  if (second.kind !== 'not-sent') return second;
  return second.why === 'late'
    ? late
    : { ...second, kind: 'refused', why: 'token', message: `Qualys refused the token (HTTP 401); again: ${second.message}` };
}

function executeCall(request: ExecuteRequest): Call {
  if (!/^\d{1,19}$/.test(request.scriptId))
    throw new TypeError(`execute takes a script id, not ${JSON.stringify(request.scriptId.slice(0, 60))}`);
  const body = ExecuteBody.safeParse({
    testMode: false,
    assetIds: [...request.assetIds],
    assetTagIds: [...(request.assetTagIds ?? [])],
    excludedAssetIds: [...(request.excludedAssetIds ?? [])],
  });
  if (!body.success)
    throw new TypeError(
      `This execute is invalid and was not sent: ${body.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`.trim()).join('; ')}`,
    );
  return {
    endpoint: 'execute',
    kind: 'execute',
    method: 'POST',
    path: paths.execute(request.scriptId),
    json: body.data,
    payloadOf: correlationUuidOf,
    runId: request.runId,
    mayStart: request.mayStart,
  };
}

async function tried(wire: Wire, call: Call, token: string): Promise<ExecuteAnswer | 'token'> {
  let outcome: Attempt;
  try {
    outcome = await attempt(wire, call, token);
  } catch (error) {
    // Only the gate's `enter` can throw here, and it comes before the request.
    return { kind: 'not-sent', why: 'wait', waitMs: 1_000, message: `The call gate failed: ${redacted(String(error))}` };
  }
  if (outcome.kind === 'wait')
    return { kind: 'not-sent', why: 'wait', waitMs: Math.max(1, Math.ceil(outcome.waitMs)), message: outcome.why };
  if (outcome.kind === 'answer') return answered(outcome);
  const { error } = outcome;
  if (error.sent) return { kind: 'unknown', message: error.message };
  return { kind: 'not-sent', why: error.why === 'late' ? 'late' : 'connection', message: error.message };
}

function answered({ verdict, payload, status, said, serverAt }: Extract<Attempt, { kind: 'answer' }>): ExecuteAnswer | 'token' {
  switch (verdict.kind) {
    case 'ok':
      return { kind: 'accepted', correlationUuid: String(payload), ...(serverAt === undefined ? {} : { serverAt }) };
    case 'token':
      return 'token';
    case 'interval':
    case 'day':
    case 'unexplained':
      return { kind: 'refused', why: verdict.kind, ...(verdict.waitMs === undefined ? {} : { waitMs: verdict.waitMs }), message: said };
    case 'limit':
      return { kind: 'refused', why: 'limit', waitMs: verdict.waitMs, message: said };
    case 'permission':
    case 'not-found':
    case 'invalid':
      return { kind: 'rejected', why: verdict.kind, status, message: said };
    default:
      return { kind: 'unknown', message: said };
  }
}

async function tokenOr(
  take: () => Promise<string>,
  instead: (error: QualysError) => ExecuteAnswer,
): Promise<string | { instead: ExecuteAnswer }> {
  try {
    return await take();
  } catch (error) {
    const failure = error instanceof QualysError ? error : new QualysError('unavailable', `No token available: ${redacted(String(error))}`);
    return { instead: instead(failure) };
  }
}

function notSentWithoutToken({ kind, waitMs, message }: QualysError): ExecuteAnswer {
  const isRefused = kind === 'authentication' || kind === 'permission';
  const why = isRefused ? 'access' : kind === 'limited' ? 'wait' : 'connection';
  return { kind: 'not-sent', why, ...(waitMs === undefined ? {} : { waitMs }), message };
}

function refusedWithoutToken({ waitMs, message }: QualysError): ExecuteAnswer {
  return { kind: 'refused', why: 'token', ...(waitMs === undefined ? {} : { waitMs }), message };
}
