import { Command } from '@commander-js/extra-typings';
import type { Invocation } from '../../invocation/context.js';
import { scriptsCloneCommand } from './clone.js';
import { scriptsDiffCommand } from './diff.js';
import { scriptsExportCommand } from './export.js';
import { scriptsGetCommand } from './get.js';
import { scriptsImportCommand } from './import.js';
import { scriptsListCommand } from './list.js';
import { scriptsPushCommand } from './push.js';

export function scriptsCommand(invocation: Invocation) {
  const group = new Command('scripts').description('list, get, export, import, clone, diff, push');
  const commands = [
    scriptsListCommand(invocation),
    scriptsGetCommand(invocation),
    scriptsExportCommand(invocation),
    scriptsImportCommand(invocation),
    scriptsCloneCommand(invocation),
    scriptsDiffCommand(invocation),
    scriptsPushCommand(invocation),
  ];
  for (const command of commands) group.addCommand(command);
  return group;
}
