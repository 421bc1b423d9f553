// The environment variables of docs/configuration.md, read once at start.
import { homedir } from 'node:os';
import type { z } from 'zod';
import { type Parsed, type Problem, problemLines, problemsOf } from '../problems.js';
import { defaultLedgerUrl, type Host, type LedgerLocation, parseLedgerUrl } from './ledger-url.js';
import { Secret } from './secret.js';
import { type About, about, EnvironmentSchema, type LogLevel, VARIABLE_NAMES, type VariableName } from './variables.js';

export interface QualysAccess {
  /** Without a slash at its end. */
  url: string;
  username: string;
  password: Secret;
}

/** What the server and the command line need; Qualys is there when all three of its variables are. */
export interface Settings {
  qualys?: QualysAccess;
  qualysUserId?: string;
  qualysUserName?: string;
  scheduleTimeZone: string;
  /** Sunday, when it is not set. */
  scheduleWeekStart?: 'sunday' | 'monday';
  taskQueue: string;
  ledger: LedgerLocation;
  /** `required`: it was named, so it must exist. */
  configFile: { path: string; required: boolean };
  http: { host: string; port: number };
  /** Where people reach the server, without a slash at its end. */
  publicUrl?: string;
  /** Parse with `parseEncryptionKeys` at each use. */
  encryptionKeys?: Secret;
  /** Parse with `parseAuditKey` at each use; without it the key lies beside the ledger. */
  auditKey?: Secret;
  logLevel: LogLevel;
}

/** What the worker needs: it alone talks to Qualys. */
export type WorkerSettings = Settings & { qualys: QualysAccess };

type RawEnvironment = Readonly<Record<string, string | undefined>>;

/** Reads the variables. `problems` has all of them at once; each `path` is the name of a variable. */
export function loadEnvironment(env: RawEnvironment, host: Host = thisHost(env)): Parsed<Settings> {
  const { secrets, texts, problems } = collect(env);
  const parsed = EnvironmentSchema.safeParse(texts);
  if (!parsed.success) {
    problems.push(...problemsOf(parsed.error));
  }
  if (!parsed.success || problems.length > 0) return { ok: false, problems };
  return { ok: true, value: settings(parsed.data, secrets, host) };
}

/** The same for the worker, which cannot do without `QUALYS_*`. */
export function loadWorkerEnvironment(env: RawEnvironment, host: Host = thisHost(env)): Parsed<WorkerSettings> {
  const loaded = loadEnvironment(env, host);
  const told = new Set(loaded.ok ? [] : loaded.problems.map(({ path }) => path));
  const { texts } = collect(env);
  const missing = VARIABLE_NAMES.filter((name) => about(name).workerNeeds && texts[name] === undefined && !told.has(name)).map((name) =>
    notSet(name),
  );
  if (!loaded.ok) return { ok: false, problems: [...loaded.problems, ...missing] };
  const { qualys } = loaded.value;
  return qualys ? { ok: true, value: { ...loaded.value, qualys } } : { ok: false, problems: missing };
}

/** For stderr, one line a problem. */
export function describeEnvironmentProblems(problems: readonly Problem[]): string {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  return [`The configuration has ${count}:`, ...problemLines(problems)].join('\n');
}

/** Name, and what documentation says of it, in the order of the contract. */
export function environmentVariables(): ({ name: string } & About)[] {
  return VARIABLE_NAMES.map((name) => ({ name, ...about(name) }));
}

interface Collected {
  texts: Partial<Record<VariableName, string>>;
  secrets: Partial<Record<VariableName, Secret>>;
  problems: Problem[];
}

function collect(env: RawEnvironment): Collected {
  const collected: Collected = { texts: {}, secrets: {}, problems: [] };
  for (const name of VARIABLE_NAMES) {
    try {
      const secret = about(name).secret ? findSecret(env, name) : undefined;
      const text = secret ? secret.get() : env[name]?.trim();
      if (secret) collected.secrets[name] = secret;
      if (text) collected.texts[name] = text;
    } catch (error) {
      collected.problems.push({ path: name, problem: error instanceof Error ? error.message : String(error) });
    }
  }
  return collected;
}

/**
 * The secret `name`, from the variable or from the file that `name_FILE` names; undefined when neither is set. Throws when it cannot be
 * had.
 */
export function findSecret(env: RawEnvironment, name: string): Secret | undefined {
  const text = env[name]?.trim();
  const file = env[`${name}_FILE`]?.trim();
  if (text && file) throw new Error(`is set twice, as ${name} and as ${name}_FILE: keep one`);
  if (file) return Secret.ofFile(`${name}_FILE`, file);
  return text ? Secret.ofText(name, text) : undefined;
}

function settings(values: z.output<typeof EnvironmentSchema>, secrets: Collected['secrets'], host: Host): Settings {
  const { QUALYS_URL: url, QUALYS_USERNAME: username } = values;
  const password = secrets.QUALYS_PASSWORD;
  return {
    ...(url && username && password && { qualys: { url, username, password } }),
    ...(values.QUALYS_USER_ID && { qualysUserId: values.QUALYS_USER_ID }),
    ...(values.QUALYS_USER_NAME && { qualysUserName: values.QUALYS_USER_NAME }),
    scheduleTimeZone: values.QUALYS_SCHEDULE_TIMEZONE ?? 'UTC',
    ...(values.QUALYS_SCHEDULE_WEEK_START && { scheduleWeekStart: values.QUALYS_SCHEDULE_WEEK_START }),
    taskQueue: values.OVERHAUL_TASK_QUEUE ?? 'overhaul',
    ledger: values.OVERHAUL_DATABASE_URL ?? parseLedgerUrl(defaultLedgerUrl(host)),
    configFile: { path: values.OVERHAUL_CONFIG ?? 'overhaul.yaml', required: values.OVERHAUL_CONFIG !== undefined },
    http: { host: values.OVERHAUL_HTTP_HOST ?? '127.0.0.1', port: values.OVERHAUL_HTTP_PORT ?? 8088 },
    ...(values.OVERHAUL_PUBLIC_URL && { publicUrl: values.OVERHAUL_PUBLIC_URL }),
    ...(secrets.OVERHAUL_ENCRYPTION_KEYS && { encryptionKeys: secrets.OVERHAUL_ENCRYPTION_KEYS }),
    ...(secrets.OVERHAUL_AUDIT_KEY && { auditKey: secrets.OVERHAUL_AUDIT_KEY }),
    logLevel: values.OVERHAUL_LOG_LEVEL ?? 'info',
  };
}

function notSet(name: VariableName): Problem {
  return { path: name, problem: `is not set: ${about(name).meaning}${about(name).secret ? ` Give it as ${name} or ${name}_FILE.` : ''}` };
}

function thisHost(env: RawEnvironment): Host {
  return { platform: process.platform, homeDirectory: homedir(), env };
}
