#!/usr/bin/env node
// `overhaul`, the operator's command line.
import { EXIT } from './cli/invocation/context.js';
import { processContext } from './cli/process-context.js';
import { runCommandLine } from './cli/program.js';

// A reader that has seen enough (`overhaul assets … | head`) closes the pipe: that is no failure.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
}

const exitCode = await runCommandLine(process.argv.slice(2), processContext());
// After Ctrl-C nobody waits for calls that are still on their way.
if (exitCode === EXIT.interrupted) process.exit(exitCode);
if (exitCode !== undefined) process.exitCode = exitCode;
