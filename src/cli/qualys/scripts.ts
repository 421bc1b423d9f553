import { Command } from '@commander-js/extra-typings';
import type { Invocation } from '../context.js';
import { scriptsCloneCommand } from './scripts-clone.js';
import { scriptsExportCommand } from './scripts-export.js';
import { scriptsGetCommand } from './scripts-get.js';
import { scriptsImportCommand } from './scripts-import.js';
import { scriptsListCommand } from './scripts-list.js';

export function scriptsCommand(invocation: Invocation) {
  const group = new Command('scripts').description('list, get, export, import, clone');
  const commands = [
    scriptsListCommand(invocation),
    scriptsGetCommand(invocation),
    scriptsExportCommand(invocation),
    scriptsImportCommand(invocation),
    scriptsCloneCommand(invocation),
  ];
  for (const command of commands) group.addCommand(command);
  return group;
}
