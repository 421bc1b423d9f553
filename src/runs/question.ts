// What a run or a campaign waits for a person to say: of whom it is asked, and the command that answers.
import { type ApprovalRule, approvalLine } from '../domain/run/approval.js';
import type { RunProgress } from '../domain/run/progress.js';
import type { WaveView } from '../ledger/reads/campaign-view.js';

/** What can be answered. */
type Answer = 'approve' | 'reject' | 'resume' | 'cancel';

export interface Question {
  /** A sentence: what is asked, and why. */
  text: string;
  /** Of whom, and how many have said yes; absent where that is not known here. */
  whom?: string | undefined;
  digest?: string | undefined;
  /** The first lets it go on; the second ends it, where there is one. */
  answers: { decision: Answer; command: string; means: string }[];
}

export interface Asking {
  workflowId: string;
  progress: RunProgress | undefined;
  waves?: readonly WaveView[] | undefined;
  /** Who may answer, by the plan. */
  rule?: ApprovalRule | undefined;
  /** A step that a breach of its error budget holds back. */
  held?: { wave: number } | undefined;
}

export function questionOf({ workflowId, progress, waves = [], rule, held }: Asking): Question | undefined {
  if (!progress || progress.phase === 'finished') return undefined;
  const { pending } = progress;
  const answer = (decision: Answer, means: string): Question['answers'][number] => ({
    decision,
    command: `overhaul ${decision} ${quoted(workflowId)}`,
    means,
  });
  if (pending) {
    const wave = waves.find(({ name }) => name === pending.wave);
    return {
      text: pendingQuestion(pending, wave?.why),
      whom: whomText(pending.approvals, rule),
      digest: pending.digest,
      answers: [answer('approve', MEANING[pending.kind]?.yes ?? 'continues'), answer('reject', 'ends it; unsent assets are skipped')],
    };
  }
  const answers = [answer('resume', 'continues'), answer('cancel', 'ends it')];
  if (held) {
    const name = waves.find(({ waveNo }) => waveNo === held.wave)?.name;
    return { text: `Error budget of wave ${name ?? held.wave} exceeded. Sending is stopped.`, answers };
  }
  return progress.paused ? { text: 'Paused. Nothing new is sent.', answers: answers.slice(0, 1) } : undefined;
}

const MEANING: Readonly<Record<string, { yes: string }>> = {
  wave: { yes: 'starts the wave' },
  breach: { yes: 'accepts the breach and continues' },
  inconclusive: { yes: 'accepts the wave as it is and continues' },
};

function pendingQuestion({ kind, wave }: NonNullable<RunProgress['pending']>, why: string | undefined): string {
  if (wave === undefined) return 'Waiting for approval. Nothing has been sent.';
  if (kind === 'wave') return `Wave ${wave} waits for approval.`;
  const reason = why ?? (kind === 'breach' ? 'Error budget exceeded.' : 'Too many assets have no verdict.');
  return `Wave ${wave}: ${reason} Continue the campaign?`;
}

function whomText(approvals: number, rule: ApprovalRule | undefined): string | undefined {
  const soFar = `${approvals === 1 ? '1 approval' : `${approvals} approvals`} so far`;
  return rule ? `${approvalLine(rule)}; ${soFar}` : soFar;
}

/** As a shell takes it: ids of tickets hold signs that it would read. */
function quoted(id: string): string {
  return /^[\w@%+=:,./-]+$/.test(id) ? id : `'${id.replaceAll("'", `'\\''`)}'`;
}

/** The command, bound to what its author has seen where there is room for that. */
export function answerCommand({ digest }: Question, command: string, room: number): string {
  const bound = digest === undefined ? command : `${command} --digest ${digest}`;
  return bound.length <= room ? bound : command;
}
