// Logs: JSON lines on stdout, pretty on a terminal.
import { type DestinationStream, type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import { rememberSecret, rememberUserInfo, withoutSecrets } from '../contracts/config/known-secrets.js';
import type { LogLevel } from '../contracts/config/variables.js';

/** Names under which a secret could reach a log line, at the top and one level down. */
const SECRET_NAMES = [
  'password',
  'token',
  'jwt',
  'authorization',
  'Authorization',
  'cookie',
  'secret',
  'secrets',
  'apiKey',
  'scriptContent',
  'content',
  'scriptResult',
  'output',
  'webhook-signature',
];
/** pino matches whole paths, so every depth that we log at is named. */
const SECRET_PATHS = SECRET_NAMES.flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.*["${name}"]`]);

export type { Logger };

/** What terminals and viewers take for a command or a change of direction, and JSON leaves as it is. */
const UNSEEN = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** A line as it leaves: whatever has put a secret into it, under whatever name. The line stays JSON. */
function cleanLine(line: string): string {
  return withoutSecrets(line).replace(UNSEEN, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Those that no part of ours reads: the SDK's key, and who we are to a proxy. */
function rememberOthersSecrets(env: Readonly<Record<string, string | undefined>>): void {
  if (env.TEMPORAL_API_KEY) rememberSecret(env.TEMPORAL_API_KEY);
  for (const name of ['HTTPS_PROXY', 'HTTP_PROXY']) for (const key of [name, name.toLowerCase()]) rememberUserInfo(env[key]);
}

/** `name` says which process speaks. The command line logs to stderr, because its stdout is its result. */
export function createLogger(level: LogLevel, name: string, stream: NodeJS.WriteStream = process.stdout): Logger {
  rememberOthersSecrets(process.env);
  return loggerTo(stream.isTTY ? pretty({ destination: stream, ignore: 'pid,hostname', translateTime: 'HH:MM:ss' }) : stream, level, name);
}

export function loggerTo(destination: DestinationStream, level: LogLevel, name: string): Logger {
  const timestamp = () => `,"time":"${new Date().toISOString()}"`;
  return pino(
    {
      name,
      level,
      timestamp,
      redact: { paths: SECRET_PATHS, censor: '[redacted]' },
      base: { pid: process.pid },
      hooks: { streamWrite: cleanLine },
    },
    destination,
  );
}
