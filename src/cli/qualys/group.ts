// `overhaul qualys …`: every documented call of the API as a command (docs/qualys-commands.md, docs/api-coverage.md).

import { command } from '../heads.js';
import type { Invocation } from '../invocation/context.js';
import { activitiesCommand } from './activities.js';
import { assetJobsCommand } from './asset-jobs.js';
import { carAssetsCommand } from './assets.js';
import { countCommand } from './count.js';
import { easmCommand } from './easm.js';
import { edrCommand } from './edr.js';
import { gavCommand } from './gav.js';
import { jobsCommand } from './jobs.js';
import { scheduleCommand } from './schedule/create.js';
import { scriptsCommand } from './scripts/group.js';
import { tagsCommand } from './tags.js';

export function qualysCommand(invocation: Invocation) {
  const group = command('qualys');
  const commands = [
    scriptsCommand(invocation),
    carAssetsCommand(invocation),
    tagsCommand(invocation),
    jobsCommand(invocation),
    assetJobsCommand(invocation),
    activitiesCommand(invocation),
    countCommand(invocation),
    scheduleCommand(invocation),
    gavCommand(invocation),
    edrCommand(invocation),
    easmCommand(invocation),
  ];
  for (const command of commands) group.addCommand(command);
  return group;
}
