// A Qualys client over a scripted gateway, with a gate and a clock that remember what they were told.
import type { CallGate, GateAnswer, LimitEvidence, ServerClock } from '../../../src/domain/limits/call-gate.js';
import { createQualys, type QualysClient, type QualysOptions } from '../../../src/qualys/client.js';
import { type ScriptedGateway, scriptedGateway } from './scripted.js';

export interface RecordingGate extends CallGate {
  /** `enter execute`, `leave`, `cancel`, in order. */
  log: string[];
  evidence: (LimitEvidence | undefined)[];
  /** Answers for the next `enter`s; an empty list lets all go. */
  answers: GateAnswer[];
}

export function recordingGate(): RecordingGate {
  const gate: RecordingGate = {
    log: [],
    evidence: [],
    answers: [],
    async enter({ endpoint }) {
      const answer = gate.answers.shift() ?? { kind: 'go', callId: 1 };
      gate.log.push(`${answer.kind === 'go' ? 'enter' : 'wait'} ${endpoint}`);
      return answer;
    },
    async leave(_callId, evidence) {
      gate.log.push('leave');
      gate.evidence.push(evidence);
    },
    async cancel() {
      gate.log.push('cancel');
    },
  };
  return gate;
}

export interface SettableClock extends ServerClock {
  observed: number[];
  nowMs: number;
}

export function settableClock(nowMs = Date.parse('2026-05-01T12:00:00Z')): SettableClock {
  const clock: SettableClock = {
    observed: [],
    nowMs,
    async observe(serverMs) {
      clock.observed.push(serverMs);
    },
    now: async () => clock.nowMs,
  };
  return clock;
}

export interface ClientHarness {
  gateway: ScriptedGateway;
  gate: RecordingGate;
  clock: SettableClock;
  qualys: QualysClient;
  /** Everything that was logged, as one text. */
  logged: () => string;
  warnings: object[];
  close(): Promise<void>;
}

export async function clientHarness(options: Partial<QualysOptions> = {}): Promise<ClientHarness> {
  const gateway = await scriptedGateway();
  const gate = recordingGate();
  const clock = settableClock();
  const lines: string[] = [];
  const warnings: object[] = [];
  const logger = {
    debug: (facts: object, message: string) => void lines.push(`${JSON.stringify(facts)} ${message}`),
    info: (facts: object, message: string) => void lines.push(`${JSON.stringify(facts)} ${message}`),
    warn: (facts: object, message: string) => {
      warnings.push(facts);
      lines.push(`${JSON.stringify(facts)} ${message}`);
    },
  };
  const qualys = createQualys({ baseUrl: gateway.url, username: 'api-user', password: () => 'p&ss+w%rd', gate, clock, logger, ...options });
  return {
    gateway,
    gate,
    clock,
    qualys,
    warnings,
    logged: () => lines.join('\n'),
    async close() {
      await qualys.close();
      await gateway.close();
    },
  };
}

export async function all<T>(pages: AsyncIterable<{ rows: T[] }>): Promise<T[]> {
  const rows: T[] = [];
  for await (const page of pages) rows.push(...page.rows);
  return rows;
}
