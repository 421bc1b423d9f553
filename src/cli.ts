#!/usr/bin/env node
// `overhaul`, the operator's command line.
import { processContext } from './cli/process-context.js';
import { runCommandLine } from './cli/program.js';

// A reader that has seen enough (`overhaul assets … | head`) closes the pipe: that is no failure.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
}

const exitCode = await runCommandLine(process.argv.slice(2), processContext());
if (exitCode !== undefined) process.exitCode = exitCode;
