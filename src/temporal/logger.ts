// Logs: JSON lines on stdout, pretty on a terminal.
import { type DestinationStream, type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
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

/** `name` says which process speaks. The command line logs to stderr, because its stdout is its result. */
export function createLogger(level: LogLevel, name: string, stream: NodeJS.WriteStream = process.stdout): Logger {
  return loggerTo(stream.isTTY ? pretty({ destination: stream, ignore: 'pid,hostname', translateTime: 'HH:MM:ss' }) : stream, level, name);
}

export function loggerTo(destination: DestinationStream, level: LogLevel, name: string): Logger {
  const timestamp = () => `,"time":"${new Date().toISOString()}"`;
  return pino({ name, level, timestamp, redact: { paths: SECRET_PATHS, censor: '[redacted]' }, base: { pid: process.pid } }, destination);
}
