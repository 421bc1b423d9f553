// The environment variables of docs/configuration.md, each with its wire format and its meaning. docs/configuration.md is generated from
// this file.
import { z } from 'zod';
import { parseAuditKey } from './audit-key.js';
import { parseEncryptionKeys } from './encryption-keys.js';
import { parseLedgerUrl } from './ledger-url.js';

/** A variable as documentation shows it. `secret` means that `NAME_FILE` may name a file instead. */
export interface About {
  meaning: string;
  default: string;
  secret?: boolean;
  /** The worker cannot do without it. */
  workerNeeds?: boolean;
}

const WEEK_STARTS = ['sunday', 'monday'] as const;
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Variables are text, and one that is empty counts as not set: compose files write `X=${X:-}`. */
export const EnvironmentSchema = z.object({
  QUALYS_URL: variable(checked(qualysUrl), {
    meaning: 'Gateway base URL of the Qualys platform. Must be `https` unless the host is loopback.',
    default: 'none',
    workerNeeds: true,
  }),
  QUALYS_USERNAME: variable(z.string(), { meaning: 'Name of the API user.', default: 'none', secret: true, workerNeeds: true }),
  QUALYS_PASSWORD: variable(z.string(), { meaning: 'Password of the API user.', default: 'none', secret: true, workerNeeds: true }),
  QUALYS_USER_ID: variable(checked(userId), {
    meaning: 'Id of the API user (UUID or number). The scheduler API needs it for follow-up schedules.',
    default: 'learned from the audit trail',
  }),
  QUALYS_USER_NAME: variable(z.string(), {
    meaning: 'Name of the API user as shown in the audit trail (the display name, not the login).',
    default: 'learned from the audit trail',
  }),
  QUALYS_SCHEDULE_TIMEZONE: variable(checked(timeZone), {
    meaning: "IANA time zone of the scheduler API's dates.",
    default: '`UTC`',
  }),
  QUALYS_SCHEDULE_WEEK_START: variable(z.enum(WEEK_STARTS, { error: `must be one of ${WEEK_STARTS.join(', ')}` }), {
    meaning: 'Day number 1 of weekly schedules in the scheduler API. Undocumented by Qualys. Set `monday` if schedules run a day late.',
    default: '`sunday`',
  }),
  OVERHAUL_TASK_QUEUE: variable(z.string().regex(/^[^\s/]{1,200}$/, 'must be 1 to 200 characters without spaces or slashes'), {
    meaning: 'Task queue of the workflows. Activity queues derive their names from it.',
    default: '`overhaul`',
  }),
  OVERHAUL_DATABASE_URL: variable(checked(parseLedgerUrl), {
    meaning:
      'The ledger: `sqlite:` and the path of a file on a local disk. Worker and server create it; the command line never does. `postgres://…` is not supported yet.',
    default: "`sqlite:` + the user's data directory + `/overhaul/ledger.db`",
    secret: true,
  }),
  OVERHAUL_CONFIG: variable(z.string(), {
    meaning: 'The configuration file: playbooks, hooks, tickets, policy.',
    default: '`overhaul.yaml`, if present in the working directory',
  }),
  OVERHAUL_HTTP_HOST: variable(z.string(), { meaning: 'Address on which the server listens.', default: '`127.0.0.1`' }),
  OVERHAUL_HTTP_PORT: variable(checked(port), { meaning: 'Port on which the server listens; 0 picks a free one.', default: '`8088`' }),
  OVERHAUL_PUBLIC_URL: variable(checked(publicUrl), {
    meaning: 'Base URL under which people reach the server, for the links that are written into tickets.',
    default: 'none: tickets name the run without a link',
  }),
  OVERHAUL_ENCRYPTION_KEYS: variable(checked(encryptionKeys), {
    meaning: 'Key ring for payloads in workflow history: `id:base64key[,id:base64key…]`. Keys have 32 bytes; the first one encrypts.',
    default: 'none: payloads are not encrypted',
    secret: true,
  }),
  OVERHAUL_AUDIT_KEY: variable(checked(auditKey), {
    meaning:
      'Ed25519 private key in PEM (`openssl genpkey -algorithm ed25519`) that signs checkpoints of the audit log. On one line, write `\\n` for line ends.',
    default: 'a key that the first worker makes, beside the ledger',
    secret: true,
  }),
  OVERHAUL_LOG_LEVEL: variable(z.enum(LOG_LEVELS, { error: `must be one of ${LOG_LEVELS.join(', ')}` }), {
    meaning: 'Log level. Logs go to stdout as JSON lines, or pretty-printed on a terminal.',
    default: '`info`',
  }),
});

export type VariableName = keyof typeof EnvironmentSchema.shape;
/** In the order of the contract. */
export const VARIABLE_NAMES = Object.keys(EnvironmentSchema.shape) as VariableName[];

export function about(name: VariableName): About {
  return EnvironmentSchema.shape[name].meta() as unknown as About;
}

function variable<T extends z.ZodType>(schema: T, meta: About): z.ZodOptional<T> {
  return schema.optional().meta({ ...meta }) as z.ZodOptional<T>;
}

/** A text that `parse` takes; the sentence it throws is the problem. */
function checked<T>(parse: (text: string) => T) {
  return z.string().transform((text, ctx): T => {
    try {
      return parse(text);
    } catch (error) {
      ctx.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
      return z.NEVER;
    }
  });
}

function qualysUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url) throw new Error('must be a URL, such as https://gateway.qg1.apps.qualys.com');
  if (url.username || url.password) throw new Error('must not contain credentials: use QUALYS_USERNAME and QUALYS_PASSWORD');
  if (url.search || url.hash) throw new Error('must be a base URL, without ? or #');
  const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(url.hostname);
  if (url.protocol !== 'https:' && !(loopback && url.protocol === 'http:')) {
    throw new Error(`must start with https:// (http:// is for loopback only; ${url.hostname || 'this'} is not loopback)`);
  }
  return url.href.replace(/\/+$/, '');
}

function publicUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:')
    throw new Error('must be an http(s) URL, such as https://overhaul.example.com');
  if (url.username || url.password || url.search || url.hash) throw new Error('must be a base URL, without credentials, ? or #');
  return url.href.replace(/\/+$/, '');
}

function userId(text: string): string {
  const id = text.trim();
  if (/^\d{1,19}$/.test(id)) return id;
  if (/^[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}$/i.test(id)) return id.toLowerCase();
  throw new Error(`${JSON.stringify(text)} is not a user id: use a UUID, such as 317df02c-4ad1-55e2-83a3-5646a34fceec, or a number`);
}

function timeZone(text: string): string {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone;
  } catch {
    throw new Error(`${JSON.stringify(text)} is not a time zone: use an IANA name such as Europe/Berlin`);
  }
}

function port(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new Error(`${JSON.stringify(text)} is not a port: use a number from 0 to 65535`);
  return Number(text);
}

function auditKey(text: string): true {
  parseAuditKey(text);
  return true;
}

function encryptionKeys(text: string): true {
  parseEncryptionKeys(text);
  return true;
}
