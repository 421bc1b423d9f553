// Which decisions a run can take now. The server has the last word; what it would refuse in any case is not offered.
import type { Decision, Run, RunNews } from './types.js';

export interface Offered {
  /** Answers to what the run asks. */
  asked: Decision[];
  /** What can be done besides. */
  besides: Decision[];
}

export function isOver({ report, failure }: Pick<Run, 'report' | 'failure'>): boolean {
  return report !== undefined || failure !== undefined;
}

export function decisionsOf(run: Run): Offered {
  if (isOver(run)) return { asked: [], besides: [] };
  const asked = (run.question?.answers ?? []).map(({ decision }) => decision as Decision);
  const besides: Decision[] = asked.includes('resume') || run.progress?.paused ? ['resume', 'cancel'] : ['pause', 'cancel'];
  return { asked, besides: besides.filter((decision) => !asked.includes(decision)) };
}

/** The run with what was heard of it since: what the news lack is not so any more. */
export function withNews(run: Run, news: RunNews): Run {
  const {
    state: _state,
    waves: _waves,
    question: _question,
    report: _report,
    failure: _failure,
    warning: _warning,
    progress: _progress,
    ...rest
  } = run;
  return { ...rest, ...news };
}
