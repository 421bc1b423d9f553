// `overhaul qualys …`: every documented call of the API as a command (docs/qualys-commands.md, docs/api-coverage.md).
import { Command } from '@commander-js/extra-typings';
import type { Invocation } from '../context.js';
import { scriptsCommand } from './scripts.js';

export function qualysCommand(invocation: Invocation) {
  const group = new Command('qualys').description('ask Qualys directly: scripts, assets, jobs, schedules, GAV, EDR, EASM');
  for (const command of [scriptsCommand(invocation)]) group.addCommand(command);
  return group;
}
