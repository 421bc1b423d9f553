// What the words of the page mean, a line each.
import { isCampaignReport, type WaveStatus } from '../../domain/campaign/status.js';
import { type FinalOutcome, OUTCOMES, RUN_STATUSES, type RunStatus } from '../../domain/run/outcome.js';
import type { ReportFacts } from '../facts.js';
import type { ReasonWords } from './reasons.js';
import { escaped } from './text.js';

export const STATUS_MEANS: Readonly<Record<RunStatus, string>> = {
  succeeded: 'Every asset succeeded, or complied and was left alone.',
  partial: 'Some assets succeeded and others did not, or the script also went outside the cohort.',
  failed: 'No asset succeeded.',
  stopped: 'It ended early, by its error budget, a rejection or the sweep of runs without a workflow.',
  cancelled: 'Somebody cancelled it. Scripts that were handed to agents cannot be recalled.',
};

const OUTCOME_MEANS: Readonly<Record<FinalOutcome, string>> = {
  succeeded: 'The script ended well, by Qualys’ verdict or by the rules of the request.',
  failed: 'The script ended badly, by Qualys’ verdict or by the rules of the request.',
  unverified: 'It ran or may have run, and its result is not known. Look at the host before the script is sent there again.',
  unreachable: 'Qualys had no verdict by the deadline. Mostly the agent is offline; the script may still run there.',
  missing: 'Qualys made no job for it, although the execution is over.',
  skipped: 'The script was not sent there, or had nothing to do by its own word.',
};

/** Those that no run has. */
const WAVE_MEANS: Readonly<Partial<Record<WaveStatus, string>>> = {
  'rolled-back': 'It broke its error budget, and its assets got the rollback script.',
  skipped: 'The campaign ended before it was begun.',
  empty: 'It had no assets.',
};

export function legendSection({ report }: ReportFacts, words: ReasonWords): string {
  const reasons = words.meanings();
  return `<section><h2 id="words">What the words mean</h2>
<h3>Outcome of an asset</h3>
<dl>${OUTCOMES.map((outcome) => item(`<span class="dot ${outcome}"></span>${outcome}`, OUTCOME_MEANS[outcome])).join('')}</dl>
<h3>Status of a run${isCampaignReport(report) ? ', a campaign or a wave' : ''}</h3>
<dl>${RUN_STATUSES.map((status) => item(status, STATUS_MEANS[status])).join('')}${
    isCampaignReport(report)
      ? Object.entries(WAVE_MEANS)
          .map(([status, meaning]) => item(`${status} <small>wave</small>`, meaning))
          .join('')
      : ''
  }</dl>${reasons.length === 0 ? '' : `\n<h3>Reasons on this page</h3>\n<dl>${reasons.map(([word, meaning]) => item(escaped(word), escaped(meaning))).join('')}</dl>`}</section>
`;
}

function item(term: string, meaning: string): string {
  return `<dt>${term}</dt><dd>${meaning}</dd>`;
}
