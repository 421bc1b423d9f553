import { Command } from '@commander-js/extra-typings';
import type { Invocation } from '../context.js';
import { scriptsListCommand } from './scripts-list.js';

export function scriptsCommand(invocation: Invocation) {
  return new Command('scripts').description('scripts: list, get, export, import, clone').addCommand(scriptsListCommand(invocation));
}
