// Calls with an effect that can be looked up afterwards (schedule, import, clone): sent once, with a word for each fate.

import { QualysError } from '../errors.js';
import { redacted } from '../http/redact.js';
import { type Attempt, attempt, type Call, type Wire } from '../http/send.js';
import type { TokenSource } from '../http/token.js';

/** What happened to a call with an effect. Never thrown: the caller has to look it up when it is `unknown`. */
export type EffectFate =
  | { kind: 'created'; payload: unknown; serverAt?: number }
  /** Something of that title exists. */
  | { kind: 'exists'; message: string }
  /** The subscription's script quota is used up: waiting cannot help. */
  | { kind: 'quota'; message: string }
  /** Documented as not executed, and asking again cannot help. */
  | { kind: 'rejected'; status: number; message: string }
  /** Not executed; may be asked again. `waitMs` is real time, when it was told. */
  | { kind: 'refused'; waitMs?: number; message: string }
  /** It may have happened: the answer was lost, or says nothing. */
  | { kind: 'unknown'; message: string };

/** One sending, and one more after a 401: a refused token means that the request was not processed. */
export async function sendEffect(wire: Wire & { tokens: TokenSource }, call: Call): Promise<EffectFate> {
  try {
    const token = await wire.tokens.token();
    const first = await tried(wire, call, token);
    if (first !== 'token') return first;
    const second = await tried(wire, call, await wire.tokens.replacementOf(token));
    return second === 'token' ? { kind: 'refused', message: 'Qualys refused a new token (HTTP 401)' } : second;
  } catch (error) {
    // Thrown only by the token source and the gate, both before the request is sent.
    return withoutSending(error);
  }
}

async function tried(wire: Wire, call: Call, token: string): Promise<EffectFate | 'token'> {
  const outcome = await attempt(wire, call, token);
  if (outcome.kind === 'wait') return { kind: 'refused', waitMs: Math.max(1, Math.ceil(outcome.waitMs)), message: outcome.why };
  if (outcome.kind === 'answer') return answered(outcome);
  const { sent, message } = outcome.error;
  return sent ? { kind: 'unknown', message } : { kind: 'refused', message };
}

function answered({ verdict, payload, status, said, serverAt }: Extract<Attempt, { kind: 'answer' }>): EffectFate | 'token' {
  switch (verdict.kind) {
    case 'ok':
      return { kind: 'created', payload, ...(serverAt === undefined ? {} : { serverAt }) };
    case 'token':
      return 'token';
    case 'duplicate':
      return { kind: 'exists', message: said };
    case 'quota':
      return { kind: 'quota', message: said };
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

function withoutSending(error: unknown): EffectFate {
  if (!(error instanceof QualysError)) return { kind: 'refused', waitMs: 1_000, message: redacted(String(error)) };
  const { kind, waitMs, message, facts } = error;
  if (kind === 'authentication' || kind === 'permission') return { kind: 'rejected', status: facts.status ?? 401, message };
  return { kind: 'refused', ...(waitMs === undefined ? {} : { waitMs }), message };
}
