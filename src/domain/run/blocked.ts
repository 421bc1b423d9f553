/** Why a run waits for something that is neither its executions nor a person's decision. */
export interface Blocked {
  /**
   * - `unavailable`: Qualys gives no answer; `access`: it refuses ours; `limit`: its limits or our caps; `interval`, `quota`;
   * - `halted`: the kill switch; `lease`: another run works on the same assets; `ledger`: it knows less than the run; `temporal`: it does
   * not take a heartbeat;
   * - `after`: a campaign's step waits for its time past the step before; `check-in`: for agents to check in again;
   * - `window`: no window of the campaign is open, or none long enough; `breach`: its error budget is exceeded, and a person has to
   * decide;
   * - `policy`: what it keeps from scripts is not known, or it does not allow the script any more;
   * - `ticket`: the ticket that started the run cannot be read again before its first execution;
   * - `easm`: the sync of an EASM profile, which the request asks to wait for.
   */
  kind:
    | 'unavailable'
    | 'access'
    | 'limit'
    | 'interval'
    | 'quota'
    | 'halted'
    | 'lease'
    | 'ledger'
    | 'temporal'
    | 'rejected'
    | 'easm'
    | 'policy'
    | 'ticket'
    | 'after'
    | 'check-in'
    | 'window'
    | 'breach';
  why: string;
}

/** A wait shorter than this is the normal course of things and not worth a word. */
export const WORTH_SAYING_MS = 30_000;
