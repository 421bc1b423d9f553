/**
 * `import { createQualys } from 'overhaul/qualys'`: the documented Qualys gateway API for programs of one's own: CAR, EDR assets, GAV/CSAM,
 * EASM.
 *
 * Ids are strings, instants epoch milliseconds, script content base64, script output bytes. Reads repeat after hiccups, wait for limits and
 * throw `QualysError`. Calls with an effect are sent once and answer with a word for each fate: only `unknown` and `unverified` leave open
 * what happened. docs/api-coverage.md lists the operations, each with the document that it comes from.
 */
import { type QualysOptions as ClientOptions, createQualys as createClient, type QualysClient } from './client.js';
import { ProcessGate, processClock } from './http/process-gate.js';

/**
 * The documented example of a gateway (docs/qualys-api.md#rate-limits): 300 calls an hour, two at once. The gateway's own headers lower it
 * further.
 */
const CAUTIOUS_CAPS = { callsPerHour: 300, concurrency: 2 };

export interface QualysOptions extends Omit<ClientOptions, 'gate' | 'clock'>, Partial<Pick<ClientOptions, 'gate' | 'clock'>> {
  /** Calls an hour and calls at once, in this process alone; default 300 and 2. Not together with `gate`. */
  caps?: { callsPerHour: number; concurrency: number };
}

/**
 * A client for one gateway and one API user. Nothing is asked before the first call; close it to give its connections back.
 * Throws `TypeError` for a `baseUrl` that is no URL. Limits are those of the whole subscription: several processes that share one need a
 * `gate` of their own making.
 */
export function createQualys({ caps = CAUTIOUS_CAPS, gate, clock, ...options }: QualysOptions): QualysClient {
  return createClient({ gate: gate ?? new ProcessGate(caps), clock: clock ?? processClock(), ...options });
}

export type { CallGate, GateAnswer, LimitEvidence, ServerClock } from '../domain/limits/call-gate.js';
export { allOf, anyOf, idTerm, not, type Qql, QqlUnsafe, quoted, term } from '../domain/targets/qql.js';
export type { QualysClient } from './client.js';
export { cloneScriptOnce } from './create-once/clone.js';
export type { OnceFate, OnceOptions } from './create-once/create.js';
export { importScriptsOnce } from './create-once/import.js';
export type { TitledScript } from './create-once/titles.js';
export { QualysError, type QualysErrorKind } from './errors.js';
export type { Logger } from './http/send.js';
export { gavXmlFilter } from './inventory/gav-xml.js';
export type {
  CallOptions,
  CloneAnswer,
  CloneRequest,
  Counted,
  CountOptions,
  EasmProfile,
  EasmWait,
  EasmWaited,
  EdrAsset,
  EdrWalkOptions,
  ExportedScript,
  GavAsset,
  GavFields,
  GavFilter,
  GavV1WalkOptions,
  GavV2Filter,
  GavWalkOptions,
  ImportAnswer,
  ImportRequest,
  ScriptExport,
} from './operations.js';
export type {
  AssetJobRow,
  AuditRecord,
  CarAsset,
  Cursor,
  ExecuteAnswer,
  ExecuteRequest,
  Page,
  PageSize,
  ScheduleAnswer,
  ScheduleRequest,
  Script,
  ScriptJob,
  WalkOptions,
} from './types.js';
