// halt and unhalt: the kill switch of the whole ledger. It needs no Temporal and no worker: every permit reads it before a send.
import type { HaltAnswer, HaltState } from '../../ledger/runs/kill-switch.js';
import { haltJson } from '../../runs/shown.js';
import { withLedger } from '../data/ledger-access.js';
import { command } from '../heads.js';
import { EXIT, type Invocation, writeJson, writeLine } from '../invocation/context.js';
import { settingsOf } from '../invocation/settings.js';
import { checkedWho, type Who } from '../invocation/who.js';
import { haltText } from '../views/kill-switch.js';

/** A permit is good for this long; ARCHITECTURE.md, "The permit". */
const SEND_WINDOW_SEC = 5;

export function haltCommands(invocation: Invocation) {
  return {
    halt: signed('halt').action((who) => throwSwitch(invocation, 'halt', who)),
    unhalt: signed('unhalt').action((who) => throwSwitch(invocation, 'unhalt', who)),
  };
}

function signed(name: 'halt' | 'unhalt') {
  return command(name).option('--by <name>', 'who decides (default: you)').option('--reason <text>', 'why, for the record');
}

async function throwSwitch(invocation: Invocation, action: 'halt' | 'unhalt', who: Who): Promise<void> {
  const { by, reason } = checkedWho({ by: who.by ?? invocation.userName, reason: who.reason });
  const { path } = settingsOf(invocation).ledger;
  await withLedger(invocation, async ({ id, killSwitch }) => {
    const answer = await killSwitch[action]({ by, reason });
    const state = await killSwitch.state();
    if (invocation.json) {
      const { liveRuns, before } = answer;
      await writeJson(invocation.stdout, {
        ...{ ledger: { id, path }, halted: state !== undefined, changed: (state === undefined) !== (before === undefined), liveRuns },
        ...(state ? haltJson(state) : {}),
      });
    } else for (const line of answerLines(action, { answer, state, path })) await writeLine(invocation.stderr, line);
  });
  invocation.exitCode = EXIT.done;
}

interface Thrown {
  answer: HaltAnswer;
  state: HaltState | undefined;
  path: string;
}

function answerLines(action: 'halt' | 'unhalt', { answer, state, path }: Thrown): string[] {
  const { before, liveRuns, at } = answer;
  const runs = liveRuns === 1 ? '1 live run' : `${liveRuns} live runs`;
  if (action === 'unhalt') {
    if (!before) return [`The ledger ${path} is not halted.`];
    return [`Executions are allowed again in ${path} (${runs}). It was ${haltText(before)}.`];
  }
  if (before) return [`The ledger ${path} was already ${haltText(state ?? before)}. It stays halted. Your order is in the audit log.`];
  const lastStart = new Date(at + SEND_WINDOW_SEC * 1_000).toISOString().slice(11, 19);
  return [
    `Halted ${path} (${runs}). No execution starts after ${lastStart} UTC.`,
    'Agents finish what they have; results are collected. To allow executions again: overhaul unhalt',
  ];
}
