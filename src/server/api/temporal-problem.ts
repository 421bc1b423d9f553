// What went wrong at Temporal, as an answer.
import { runFailureOf } from '../../temporal/runs/run-failure.js';
import { Refused } from './route.js';

const RETRY_AFTER_S = 15;

/** Undefined of an error that does not come from Temporal. `isKnown`: the run exists, so that only its end can be why it is not live. */
export function temporalRefusal(error: unknown, isKnown: boolean): Refused | undefined {
  const failure = runFailureOf(error);
  switch (failure?.kind) {
    case undefined:
      return undefined;
    case 'not-live':
      return isKnown ? new Refused({ status: 409, detail: 'the run has ended' }) : new Refused({ status: 404, detail: 'no such run' });
    case 'no-run':
      return new Refused({ status: 404, detail: 'no such run' });
    case 'refused':
      return new Refused({ status: 409, detail: failure.message });
    case 'too-large':
      return new Refused({ status: 422, detail: failure.message });
    case 'no-answer':
      return new Refused({
        status: 504,
        detail: 'no worker answered in time: the decision may still take effect, so look before you repeat it',
      });
    case 'limit':
      return failure.limit === 'at-once'
        ? new Refused({ status: 503, detail: 'ten orders of this run are in flight, which is as many as Temporal takes' }, RETRY_AFTER_S)
        : new Refused({ status: 409, detail: 'this run has had 2,000 orders, which is as many as Temporal takes of one history' });
    case 'unavailable':
    case 'unreachable':
      return new Refused({ status: 503, detail: 'Temporal cannot be reached: try again' }, RETRY_AFTER_S);
  }
}
