// Why an asset has its outcome: in a cell of its row, and the meaning of the words that stand there.
import type { AssetRow } from '../../domain/run/outcome.js';
import { escaped } from './text.js';

/** A line each; what explains itself, such as `exit code 3`, is not among them. */
const REASON_MEANS: Readonly<Record<string, string>> = {
  'told by its output': 'A rule of the request found its pattern in what the script printed.',
  'another-installation-runs': 'Windows Installer was busy; a later attempt may succeed.',
  'reboot-needed': 'The change takes effect when the host has restarted.',
  'reboot-started': 'The host was told to restart by the script itself.',
  'result-upload-failed': 'The agent could not hand its result to Qualys.',
  'verdict-unknown': 'Qualys has the result and never told how it ended.',
  'unknown-status': 'Qualys used a word that is not known to mean success or failure.',
  'output-not-read': 'Its output, which could have denied a success, did not come.',
  'no exit code': 'The job told no exit code, and by the rules that is no success.',
  'job-not-found': 'Qualys accepted the execution, and its job was never found.',
  'no-asset-job-by-deadline': 'The job had not reached this asset by the deadline; it may still.',
  'fate-unknown': 'The answer to the send was lost, and nothing tells whether it ran.',
  'not-executed-twice': 'Two sends did not run, and a third is not allowed.',
  'ledger-restored': 'It was sent before the ledger was restored from a backup.',
  'no-verdict-by-deadline': 'Qualys told nothing by the deadline. The agent may be busy or asleep.',
  disconnected: 'Qualys says that its agent is not connected.',
  'no-asset-job': 'The execution is over, and Qualys made no job for this asset.',
  'not-applicable': 'The script said itself that there was nothing to do.',
  compliant: 'The assessment found nothing to do, so no remedy was sent.',
  'never-touch': 'Policy forbids to send anything there.',
  'other-platform': 'The script is for another operating system.',
  'stale-agent': 'Its agent was last seen longer ago than the request allows.',
  'open-copy': 'An earlier copy of the script may still run there.',
  'error-budget': 'The run stopped before it was its turn: too many had failed.',
  rejected: 'Somebody rejected the run before it was sent.',
  'approval-withdrawn': 'Its ticket was not approved any more before anything was sent.',
  'approval-expired': 'Nobody approved it in time.',
  cancelled: 'Somebody cancelled the run.',
  interrupted: 'The run ended before its work was done.',
  'no-check-in': 'Its agent did not come back in time after the step before.',
  'not-verified': 'It was remediated, and the campaign ended before it was verified.',
  'too-late-to-verify': 'Its remedy ended too late to be verified in its wave.',
  'rolled-back': 'It got the rollback script, because its wave broke the error budget.',
  'not-rolled-back': 'It was to be rolled back, and that was not safe or not possible.',
};

/** Of a campaign, the step that a reason comes from stands before it. */
const STEPS = /^(?:assess|verify|rollback): /;

export class ReasonWords {
  readonly #met = new Set<string>();

  /** Only words with a meaning are kept: however many assets, they are as few. */
  meet(reason: string | undefined): void {
    for (const part of (reason ?? '').replace(STEPS, '').split(/[:;,] /)) if (Object.hasOwn(REASON_MEANS, part)) this.#met.add(part);
  }

  /** In the order of the list above. */
  meanings(): [word: string, meaning: string][] {
    return Object.entries(REASON_MEANS).filter(([word]) => this.#met.has(word));
  }
}

/**
 * The reason, or what stands for one where Qualys' own word decided; with the rule, where one decided, and the verdict that came too late
 * to count.
 */
export function reasonCell(row: AssetRow): string {
  const { rule, late } = row;
  const reason = reasonText(row);
  const beside = [
    ...(isRule(rule) ? [`decided by ${escaped(rule)}`] : []),
    ...(late === undefined ? [] : [`late verdict: ${escaped(late)}`]),
  ];
  return [...(reason === undefined ? [] : [escaped(reason)]), ...beside.map((text) => `<small>${text}</small>`)].join('<br>');
}

/** Undefined of a plain success: everything else has a reason. */
export function reasonText({ outcome, reason, exitCode, status }: AssetRow): string | undefined {
  if (reason !== undefined) return reason;
  if (outcome === 'succeeded') return undefined;
  if (exitCode !== undefined && exitCode !== 0) return `exit code ${exitCode}`;
  return status === undefined ? 'no reason told' : `Qualys’ own word: ${status}`;
}

/** `default` is Qualys' own word. */
export function isRule(rule: string | undefined): rule is string {
  return rule !== undefined && rule !== 'default';
}
