// Another process that holds the write lock of a ledger file, for tests of what waits for it. Prints `held`, and after `<ms>` `released`.
import { setTimeout as pause } from 'node:timers/promises';
import SqliteDatabase from 'libsql';

const [path, ms] = process.argv.slice(2);
if (!path || !ms) throw new Error('usage: lock-holder <path> <ms>');

const connection = new SqliteDatabase(path);
connection.exec('BEGIN IMMEDIATE');
process.stdout.write('held\n');
await pause(Number(ms));
connection.exec('ROLLBACK');
connection.close();
process.stdout.write('released\n');
