// Creating a schedule (E13): an effect whose title is its natural key, so the caller can look it up when the answer is lost.
import { scheduleIdOf } from '../schema/qualys/effects.js';
import { type Attempt, attempt, type Call, type Wire } from './attempt.js';
import { paths } from './endpoints.js';
import { QualysError } from './errors.js';
import type { ScheduleAnswer, ScheduleRequest } from './qualys.js';
import { redacted } from './redact.js';
import type { TokenSource } from './token.js';

export async function createSchedule(wire: Wire & { tokens: TokenSource }, request: ScheduleRequest): Promise<ScheduleAnswer> {
  const call = scheduleCall(request);
  try {
    const token = await wire.tokens.token();
    const first = await tried(wire, call, token);
    if (first !== 'token') return first;
    const second = await tried(wire, call, await wire.tokens.replacementOf(token));
    return second === 'token' ? { kind: 'refused', message: 'Qualys refused even a fresh token (HTTP 401)' } : second;
  } catch (error) {
    // Thrown only by the token source and the gate, both before the request is sent.
    return withoutSending(error);
  }
}

function scheduleCall({ runId, ...schedule }: ScheduleRequest): Call {
  const json = {
    activate: true,
    ...schedule,
    // The parameter table types asset ids as integers; one that a number cannot hold stays text.
    assets: schedule.assets.map(({ UUId, id }) => ({ UUId, id: Number.isSafeInteger(Number(id)) ? Number(id) : id })),
    assetTags: [],
    excludedAssets: [],
    // Only the monthly sample has it; without it the service is left to guess (C08).
    ...(schedule.scheduleType === 'MONTHLY' ? { monthlyScheduleType: 'MONTHLY_DATE_OF_MONTH_JOB' } : {}),
  };
  return {
    endpoint: 'scripts/scheduler',
    kind: 'schedule',
    method: 'POST',
    path: paths.schedule,
    json,
    payloadOf: scheduleIdOf,
    runId,
    mayStart: () => true,
  };
}

async function tried(wire: Wire, call: Call, token: string): Promise<ScheduleAnswer | 'token'> {
  const outcome = await attempt(wire, call, token);
  if (outcome.kind === 'wait') return { kind: 'refused', waitMs: Math.max(1, Math.ceil(outcome.waitMs)), message: outcome.why };
  if (outcome.kind === 'answer') return answered(outcome);
  const { sent, message } = outcome.error;
  return sent ? { kind: 'unknown', message } : { kind: 'refused', message };
}

function answered({ verdict, payload, status, said }: Extract<Attempt, { kind: 'answer' }>): ScheduleAnswer | 'token' {
  switch (verdict.kind) {
    case 'ok':
      return { kind: 'created', id: String(payload) };
    case 'token':
      return 'token';
    case 'duplicate':
      return { kind: 'exists', message: said };
    case 'limit':
      return { kind: 'refused', waitMs: verdict.waitMs, message: said };
    case 'permission':
    case 'not-found':
    case 'invalid':
      return { kind: 'rejected', status, message: said };
    default:
      return { kind: 'unknown', message: said };
  }
}

function withoutSending(error: unknown): ScheduleAnswer {
  if (!(error instanceof QualysError)) return { kind: 'refused', waitMs: 1_000, message: redacted(String(error)) };
  const { kind, waitMs, message, facts } = error;
  if (kind === 'authentication' || kind === 'permission') return { kind: 'rejected', status: facts.status ?? 401, message };
  return { kind: 'refused', ...(waitMs === undefined ? {} : { waitMs }), message };
}
