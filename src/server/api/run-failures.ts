// GET /api/runs/:id/failures: why assets failed, those with the same output together.
import { FailuresSchema } from '../../contracts/http/answers.js';
import { failuresOf } from '../../reports/facts.js';
import { isFinished } from '../../runs/report.js';
import type { ApiDeps } from './dependencies.js';
import { type ApiRoute, apiRoute, Refused } from './route.js';

export function failuresRoute({ ledger: open }: Pick<ApiDeps, 'ledger'>): ApiRoute {
  return apiRoute({
    method: 'GET',
    path: '/api/runs/{id}/failures',
    operationId: 'listFailures',
    summary: 'The failed assets of a finished run in groups with the same reason, exit code, rule and output, the biggest first',
    operation: 'read',
    answers: {
      200: { description: 'the groups', schema: FailuresSchema },
      404: { description: 'no such run' },
      409: { description: 'it is not finished: its groups would change at each look' },
    },
    handle: async ({ params: { id = '' } }) => {
      const ledger = await open();
      const run = await ledger.runs.get(id);
      if (!run) throw new Refused({ status: 404, detail: 'no such run in the ledger' });
      if (!isFinished(run))
        throw new Refused({ status: 409, detail: 'the run is not finished, or was refused: it has no groups of failures' });
      return (await failuresOf(ledger, run)) ?? { groups: [], rest: { groups: 0, assets: 0, isMore: false } };
    },
  });
}
