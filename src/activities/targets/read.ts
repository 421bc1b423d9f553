// The explicit targets of a run, from where they are already: the first event of its history. As an activity's argument they would
// be there a second time, a hundred kilobytes for ten thousand ids.
import type { Client } from '@temporalio/client';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { describeProblems, type Parsed, parseRequest, type Targets } from '../../contracts/request.js';
import { nonRetryable } from '../failures.js';

export async function readTargets(
  client: Client,
  run: { workflowId: string; firstExecutionId: string; namespace: string },
  parse: (input: unknown) => Parsed<{ targets: Targets }> = parseRequest,
): Promise<Targets> {
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace: run.namespace,
    execution: { workflowId: run.workflowId, runId: run.firstExecutionId },
    maximumPageSize: 1,
  });
  const payloads = history?.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads;
  const [input] = await decodeArrayFromPayloads(client.options.loadedDataConverter, payloads);
  const parsed = parse(input);
  // The workflow parsed the same input on its first line, so this is another build of the schema than the workflow's.
  if (!parsed.ok) throw nonRetryable('InvalidRequest', describeProblems(parsed.problems), parsed.problems.slice(0, 200));
  return parsed.value.targets;
}
