// `overhaul audit verify`: whether the audit log is whole. It reads the ledger and the signed checkpoints, and changes nothing.
import { existsSync, readFileSync } from 'node:fs';
import { Command } from '@commander-js/extra-typings';
import type { AuditVerdict } from '../../ledger/audit/verify.js';
import { withLedger } from '../data/ledger-access.js';
import { command } from '../heads.js';
import { CommandFailed, EXIT, type Invocation, writeJson, writeLine } from '../invocation/context.js';
import { settingsOf } from '../invocation/settings.js';
import { safeLine } from '../terminal/text.js';

interface VerifyOptions {
  checkpoints?: string | undefined;
  publicKey?: string[] | undefined;
}

export function auditCommand(invocation: Invocation) {
  const verify = new Command('verify')
    .description('check that no entry of the audit log was changed, removed, put in or moved; exit code 1 and the first one if any was')
    .option('--checkpoints <file>', 'signed checkpoints (default: the file beside the ledger)')
    .option('--public-key <file...>', 'whose signatures count (default: OVERHAUL_AUDIT_KEY, or the key beside the ledger)')
    .action((options) => verifyLedger(invocation, options));
  return command('audit').addCommand(verify);
}

async function verifyLedger(invocation: Invocation, { checkpoints, publicKey }: VerifyOptions): Promise<void> {
  const { ledger: location } = settingsOf(invocation);
  const [{ verifyAudit }, { parseCheckpoints }, { auditFilesOf }] = await Promise.all([
    import('../../ledger/audit/verify.js'),
    import('../../ledger/audit/checkpoint.js'),
    import('../../ledger/audit/files.js'),
  ]);
  const keys = await keysOf(invocation, publicKey, location.path);
  const file = checkpoints ?? auditFilesOf(location.path).checkpoints;
  const evidence = parseCheckpoints(textOf(file, checkpoints !== undefined));
  const verdict = await withLedger(invocation, ({ id, database }) => verifyAudit(database, id, { ...evidence, keys }));
  const whole = verdict.broken === undefined;
  if (invocation.json) await writeJson(invocation.stdout, { whole, ...verdict });
  else for (const line of linesOf(verdict, location.path)) await writeLine(invocation.stdout, safeLine(line));
  invocation.exitCode = whole ? EXIT.done : EXIT.notSucceeded;
}

async function keysOf(invocation: Invocation, files: readonly string[] | undefined, ledgerPath: string) {
  const { auditFilesOf, auditKeyOf, publicKeyIn } = await import('../../ledger/audit/files.js');
  const { auditKey } = settingsOf(invocation);
  try {
    if (files) return files.map(publicKeyIn);
    if (auditKey || existsSync(auditFilesOf(ledgerPath).key)) return [auditKeyOf(auditKey, ledgerPath)];
  } catch (error) {
    throw new CommandFailed(EXIT.usage, error instanceof Error ? error.message : String(error));
  }
  throw new CommandFailed(
    EXIT.usage,
    `No audit key: there is none at ${auditFilesOf(ledgerPath).key}, where a worker makes one. Give --public-key or OVERHAUL_AUDIT_KEY.`,
  );
}

/** Where nobody named the file, none is an answer, too: nothing is signed. */
function textOf(file: string, isNamed: boolean): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (!isNamed && !existsSync(file)) return '';
    throw new CommandFailed(EXIT.usage, `Cannot read the checkpoints ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function linesOf({ entries, signedTo, signedAt, broken }: AuditVerdict, path: string): string[] {
  if (broken) return [`The audit log of ${path} is not whole: ${broken.why}.`];
  const newer = entries - signedTo;
  const signed = signedAt === undefined ? '' : `, signed up to entry ${signedTo} at ${signedAt.slice(0, 19).replace('T', ' ')} UTC`;
  const open = newer > 0 ? [`${newer} entries are newer than the last checkpoint: only their order and content are proved.`] : [];
  return [`The audit log of ${path} is whole: ${entries} entries${signed}.`, ...open];
}
