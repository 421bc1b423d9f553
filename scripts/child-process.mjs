// Child processes for the scripts: run one to its end, or start one and stop it by its id.
import { spawn } from 'node:child_process';

/**
 * Runs a command to its end and never throws: a command that does not exist has code 127.
 * `timeoutMs` bounds the whole; `silenceMs` ends it when `progress()` (any number) has not changed for so long, and `stopped` then says so.
 */
export function run(command, args, options = {}) {
  const { timeoutMs, silenceMs, progress, killSignal = 'SIGKILL', inherit = false, ...spawnOptions } = options;
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: inherit ? 'inherit' : ['ignore', 'pipe', 'pipe'], ...spawnOptions });
    const out = { stdout: '', stderr: '', stopped: undefined };
    child.stdout?.on('data', (chunk) => {
      out.stdout += chunk;
    });
    child.stderr?.on('data', (chunk) => {
      out.stderr = (out.stderr + chunk).slice(-20_000);
    });
    const stop = (why) => {
      out.stopped = why;
      child.kill(killSignal);
    };
    const timers = [
      timeoutMs && setTimeout(() => stop(`it took longer than ${timeoutMs / 1_000} s.`), timeoutMs),
      silenceMs && watchSilence(silenceMs, progress, stop),
    ];
    const finish = (code) => {
      for (const timer of timers) if (timer) clearTimeout(timer);
      resolve({ code, ...out });
    };
    child.once('error', () => finish(127));
    child.once('close', (code) => finish(code ?? 1));
  });
}

function watchSilence(silenceMs, progress, stop) {
  let seen = progress();
  let since = Date.now();
  return setInterval(() => {
    const now = progress();
    if (now !== seen) [seen, since] = [now, Date.now()];
    else if (Date.now() - since > silenceMs) stop(`nothing had arrived for ${silenceMs / 1_000} s.`);
  }, 500);
}

/** Ends a process that we started: SIGTERM, and SIGKILL when it is still there after the grace period. */
export async function stop(child, graceMs = 15_000) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve(undefined);
    });
    child.kill('SIGTERM');
  });
}
