#!/usr/bin/env bash
# Versions: libsql 0.5.29 (npm, with SQLite 3.45.1), an API like better-sqlite3's, in WAL mode.
# `run()` is for statements whose rows nobody wants, and one would expect the statement to have ended when it returns. Surprise: it stops at
# the first row, and the statement stays open. An INSERT or UPDATE with RETURNING has then changed the rows, as this connection sees them,
# but is not committed, though `inTransaction` is false and there is nothing to commit; it holds the write lock, so every other connection
# is busy; and it reports 0 changes. A process that ends in order commits it on the way out, one that is killed loses it, so a test that
# opens the file again finds the row. `all()` ends the statement. A prepared write that met another connection's lock is left open in the
# same way: every later COMMIT fails until that statement has run again, while nothing but the first one was busy. `exec` leaves nothing
# open: take the lock with `exec('BEGIN IMMEDIATE')`, and write under it.
# Output seen:
#   run() of INSERT ... RETURNING: 0 changes, inTransaction false, seen by itself 1, seen by another 0
#   another connection's write: SQLITE_BUSY
#   rows after run() and an orderly end: 1, after run() and SIGKILL: 0
#   all() of INSERT ... RETURNING: seen by another 1
#   a prepared write while another holds the lock: SQLITE_BUSY
#   a transaction after that, lock free: cannot commit transaction - SQL statements in progress
#   a transaction after that statement has run: committed
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null && npm pkg set type=module >/dev/null
npm install --silent --no-audit --no-fund libsql@0.5.29
cat >main.mjs <<'JS'
import { spawnSync } from 'node:child_process';
import Database from 'libsql';

const seen = [];
function tell(words, answer) {
  seen.push(answer);
  console.log(`${words}: ${answer}`);
}
function attempt(work) {
  try {
    return work() ?? 'committed';
  } catch (error) {
    return error.message.startsWith('cannot') ? error.message : error.code;
  }
}
const opened = (name) => new Database(name, { timeout: 0 });
const count = (database) => database.prepare('SELECT v FROM t').all().length;
const begun = (name) => {
  const own = opened(name);
  own.pragma('journal_mode = WAL');
  own.exec('CREATE TABLE t (v TEXT)');
  return [own, opened(name)];
};

const [own, other] = begun('run.db');
const returning = own.prepare("INSERT INTO t VALUES ('x') RETURNING v");
const { changes } = returning.run();
const views = `seen by itself ${count(own)}, seen by another ${count(other)}`;
tell('run() of INSERT ... RETURNING', `${changes} changes, inTransaction ${own.inTransaction}, ${views}`);
tell("another connection's write", attempt(() => other.exec("INSERT INTO t VALUES ('y')")));
const rowsAfter = (name, end) => {
  const [, reader] = begun(name);
  const program = `const db = new (require('libsql'))('${name}'); db.prepare("INSERT INTO t VALUES ('x') RETURNING v").run(); ${end}`;
  spawnSync(process.execPath, ['--input-type=commonjs', '--eval', program]);
  return count(reader);
};
const killed = rowsAfter('killed.db', "process.kill(process.pid, 'SIGKILL')");
tell('rows after run() and an orderly end', `${rowsAfter('ended.db', '')}, after run() and SIGKILL: ${killed}`);
const [ended, watching] = begun('all.db');
ended.prepare("INSERT INTO t VALUES ('x') RETURNING v").all();
tell('all() of INSERT ... RETURNING', `seen by another ${count(watching)}`);

const [writer, holder] = begun('busy.db');
const write = writer.prepare("INSERT INTO t VALUES ('x')");
const transaction = () => writer.exec("BEGIN; INSERT INTO t VALUES ('y'); COMMIT");
holder.exec('BEGIN IMMEDIATE');
tell('a prepared write while another holds the lock', attempt(() => void write.run()));
holder.exec('COMMIT');
tell('a transaction after that, lock free', attempt(transaction));
writer.exec('ROLLBACK');
write.run();
tell('a transaction after that statement has run', attempt(transaction));

const expected = [
  '0 changes, inTransaction false, seen by itself 1, seen by another 0',
  'SQLITE_BUSY',
  '1, after run() and SIGKILL: 0',
  'seen by another 1',
  'SQLITE_BUSY',
  'cannot commit transaction - SQL statements in progress',
  'committed',
];
process.exit(JSON.stringify(seen) === JSON.stringify(expected) ? 0 : 1);
JS
node main.mjs
