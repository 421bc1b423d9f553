// The explicit targets of a run, from where they are already: the first event of its history. As an activity's argument they would
// be there a second time, a hundred kilobytes for ten thousand ids.
import type { Client } from '@temporalio/client';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { parseWrittenPlan, parseWrittenRequest } from '../../contracts/bare-durations.js';
import { parsePlan } from '../../contracts/plan.js';
import { describeProblems, type Parsed, parseRequest, type Targets } from '../../contracts/request.js';
import { nonRetryable } from '../failures.js';

/** Who starts through Overhaul was told at the door, or is Overhaul itself, which writes milliseconds; see `startRun` and `followUp`. */
const OF_OVERHAUL = ['requestDigest', 'recheckOf'];
type Parse = (input: unknown) => Parsed<{ targets: Targets }>;
const PARSE: Readonly<Record<'run' | 'campaign', Record<'written' | 'derived', Parse>>> = {
  run: { written: parseWrittenRequest, derived: parseRequest },
  campaign: { written: parseWrittenPlan, derived: parsePlan },
};

export async function readTargets(
  client: Client,
  run: { workflowId: string; firstExecutionId: string; namespace: string },
  kind: 'run' | 'campaign' = 'run',
): Promise<Targets> {
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace: run.namespace,
    execution: { workflowId: run.workflowId, runId: run.firstExecutionId },
    maximumPageSize: 1,
  });
  const { input: sent, memo } = history?.events?.[0]?.workflowExecutionStartedEventAttributes ?? {};
  const [input] = await decodeArrayFromPayloads(client.options.loadedDataConverter, sent?.payloads);
  const parsed = PARSE[kind][OF_OVERHAUL.some((key) => key in (memo?.fields ?? {})) ? 'derived' : 'written'](input);
  // The workflow parsed the same input on its first line, so this is another build of the schema than the workflow's, or a person wrote a
  // duration without its unit.
  if (!parsed.ok) throw nonRetryable('InvalidRequest', describeProblems(parsed.problems), parsed.problems.slice(0, 200));
  return parsed.value.targets;
}
