// What the HTTP API is told to do (docs/http-api.md). Who says it comes from the credentials; `by` and `requestedBy` may repeat it.
import { z } from 'zod';
import { MAX_WORKFLOW_ID_BYTES } from '../../domain/run/workflow-id.js';
import { DecisionSchema, RetryOrderSchema, WhoSchema } from '../messages.js';
import { text } from '../text.js';

export const WORKFLOWS = ['remediationRun', 'remediationCampaign'] as const;

export const StartBodySchema = z
  .strictObject({
    workflow: z.enum(WORKFLOWS),
    /** Checked by the schema of its workflow. */
    input: z.record(z.string(), z.unknown(), { error: 'must be an object: a request or a plan (docs/requests.md, docs/plans.md)' }),
    workflowId: text(MAX_WORKFLOW_ID_BYTES).optional().meta({ description: 'drawn when it is not given; the same id is one run' }),
  })
  .meta({ id: 'Start' });

const by = WhoSchema.shape.by.optional().meta({ description: 'who decides; with credentials it may be left out, and must not be another' });

export const WhoBodySchema = WhoSchema.extend({ by }).meta({ id: 'Who' });
export const DecisionBodySchema = DecisionSchema.extend({ by }).meta({ id: 'Decision' });
export const RetryBodySchema = RetryOrderSchema.extend({ by }).meta({ id: 'Retry' });

const WorkflowId = z.string().min(1);

export const StartedSchema = z.strictObject({ workflowId: WorkflowId, url: z.url() }).meta({ id: 'Started' });
export const DecidedSchema = z
  .strictObject({
    workflowId: WorkflowId,
    decision: z.enum(['approve', 'reject', 'pause', 'resume', 'retry', 'cancel']),
    assets: z.int().min(0).optional().meta({ description: 'of retry: assets that are queued again' }),
    linked: WorkflowId.optional().meta({ description: 'of retry, where the run has ended: the run that has them' }),
  })
  .meta({ id: 'Decided' });
