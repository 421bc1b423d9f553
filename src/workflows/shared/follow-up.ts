// What follows a run or a campaign, asked for before its close: it may have to wait, and says for what.
import { mostIssued } from '../../domain/run/snapshot.js';
import type { RunActivities } from './activity-proxies.js';
import type { RunState } from './state.js';

export interface Following {
  runId: string;
  state: RunState;
  activities: Pick<RunActivities, 'scheduleFollowUp'>;
}

/** Nothing follows what was stopped. */
export async function followUp({ runId, state, activities }: Following): Promise<void> {
  if (!state.hasFollowUp || state.snapshot?.stop) return;
  state.phase = 'following-up';
  do {
    const { blocked, issued } = await activities.scheduleFollowUp({ runId, issued: state.issued, reported: state.blocked });
    state.issued = mostIssued(state.issued, issued);
    state.blocked = blocked;
  } while (state.blocked);
}
