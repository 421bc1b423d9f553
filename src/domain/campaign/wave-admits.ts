// What a wave still lets its steps send. A retry that falls due, a late verdict or an order may come at any time; the permit asks here.
import type { WaveStatus } from './status.js';
import type { CampaignStepName } from './step.js';

/** `held`: nothing until somebody has decided. `nothing`: never again; what waits goes back to the verdict before it. */
export type Admits = 'all' | 'held' | 'nothing';

/** Behind a wave that has ended, or is being rolled back, nothing but the rollback itself is sent. */
export function admitsOf(step: CampaignStepName, wave: { status: WaveStatus; closed: boolean }): Admits {
  if (wave.closed) return 'nothing';
  if (step === 'rollback') return 'all';
  if (wave.status === 'rolling-back') return 'nothing';
  return wave.status === 'awaiting-decision' || wave.status === 'awaiting-approval' ? 'held' : 'all';
}
