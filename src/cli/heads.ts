// What the list of commands says of each. It stands here, so that `overhaul --help` loads none of them: some load half of the program.
import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';

interface Head {
  group: 'Runs:' | 'Campaigns:' | 'Results:' | 'Decisions:' | 'Qualys:' | 'Set-up:';
  /** As the list shows it behind the name. */
  usage: string;
  description: string;
}

/** In the order of the list. */
const HEADS = {
  run: { group: 'Runs:', usage: '[options]', description: 'start a run: one script over one cohort' },
  list: { group: 'Runs:', usage: '[options]', description: 'list the newest runs and campaigns' },
  show: { group: 'Runs:', usage: '<id>', description: 'show the state of a run or campaign' },
  watch: { group: 'Runs:', usage: '<id>', description: 'follow a run or campaign until it ends; Ctrl-C leaves it running' },
  logs: {
    group: 'Runs:',
    usage: '[options] <id>',
    description: 'print the audit log of a run or campaign (JSON lines with --json)',
  },
  plan: {
    group: 'Campaigns:',
    usage: '<file>',
    description: 'show what a campaign would do (waves, gates, executions, calls, windows, forecast); sends nothing',
  },
  rehearse: {
    group: 'Campaigns:',
    usage: '[options] <file>',
    description: 'run a campaign against a simulated gateway in skipped time and print its timeline; sends nothing',
  },
  start: { group: 'Campaigns:', usage: '[options] <file>', description: 'start a campaign: waves with gates over one cohort' },
  report: { group: 'Results:', usage: '[options] <id>', description: 'write the report of a finished run or campaign' },
  assets: { group: 'Results:', usage: '[options] <id>', description: 'list the assets of a run or campaign with their outcomes' },
  output: {
    group: 'Results:',
    usage: '[options] <id> <asset>',
    description: "print a script's output on one asset, decoded (terminals get it without control sequences)",
  },
  reinterpret: {
    group: 'Results:',
    usage: '[options] <id>',
    description: 'show what a run would have come to by another verdict; changes and sends nothing',
  },
  'open-copies': {
    group: 'Results:',
    usage: '[options]',
    description: 'list script copies still open past their deadline, over all runs; these assets get no second copy',
  },
  audit: { group: 'Results:', usage: '', description: 'verify that the audit log is whole' },
  approve: { group: 'Decisions:', usage: '[options] <id>', description: 'approve what is pending' },
  reject: { group: 'Decisions:', usage: '[options] <id>', description: 'reject what is pending and end the run' },
  pause: { group: 'Decisions:', usage: '[options] <id>', description: 'send nothing new; collect what is in flight' },
  resume: { group: 'Decisions:', usage: '[options] <id>', description: 'resume a paused run' },
  retry: {
    group: 'Decisions:',
    usage: '[options] <id>',
    description: 'retry unresolved assets; if the run is finished, start a linked run over them',
  },
  cancel: {
    group: 'Decisions:',
    usage: '[options] <id>',
    description: 'cancel: send nothing new, collect what is in flight for up to a minute, then end',
  },
  halt: {
    group: 'Decisions:',
    usage: '[options]',
    description: 'stop all new executions of this ledger within 5 s; agents finish what they have, and results are collected',
  },
  unhalt: { group: 'Decisions:', usage: '[options]', description: 'allow executions again' },
  qualys: { group: 'Qualys:', usage: '', description: 'query Qualys directly: scripts, assets, jobs, schedules, GAV, EDR, EASM' },
  init: {
    group: 'Set-up:',
    usage: '[folder]',
    description: 'write a commented overhaul.yaml with a playbook, and a campaign plan; never overwrites',
  },
  doctor: {
    group: 'Set-up:',
    usage: '',
    description: 'check configuration, Temporal, workers, ledger, Qualys credentials and clock, and say how to fix what fails',
  },
  schema: {
    group: 'Set-up:',
    usage: '<name>',
    description: 'print the JSON Schema of a request, a campaign plan or the configuration file',
  },
  simulator: {
    group: 'Set-up:',
    usage: '[options]',
    description: 'serve a simulated Qualys gateway on loopback (docs/simulator.md describes every option)',
  },
  completion: { group: 'Set-up:', usage: '<shell>', description: 'print a completion script for your shell' },
} as const satisfies Record<string, Head>;

export type CommandName = keyof typeof HEADS;

export const COMMAND_NAMES = Object.keys(HEADS) as readonly CommandName[];

/** Where a command begins, in the module that has its options and its action. */
export function command(name: CommandName) {
  const { description, group } = HEADS[name];
  return new Command(name).description(description).helpGroup(group);
}

/** Stands for a command in the list where it is not called. */
export function placeholder(name: CommandName): CommandUnknownOpts {
  const stub: CommandUnknownOpts = command(name);
  for (const word of HEADS[name].usage.split(' ')) {
    // The list shows that there are options, not which.
    if (word === '[options]') stub.option('--any', 'an option');
    else if (word !== '') stub.argument(word);
  }
  return stub;
}
