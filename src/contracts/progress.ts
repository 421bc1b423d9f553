// The answer of the query `progress`. Read leniently: a newer worker may say more, an older one less.
import { z } from 'zod';
import type { RunProgress } from '../domain/run/progress.js';

const Count = z.number().int().min(0).catch(0);
const CountsSchema = z.object({
  targeted: Count,
  succeeded: Count,
  failed: Count,
  unverified: Count,
  unreachable: Count,
  missing: Count,
  skipped: Count,
  pending: Count,
  running: Count,
});

const ProgressSchema = z.object({
  phase: z.string(),
  asOf: z.string(),
  counts: CountsSchema,
  inFlight: Count,
  callsUsed: Count,
  etaAt: z.string().optional(),
  blocked: z.union([z.string(), z.object({ why: z.string() }).transform(({ why }) => why)]).optional(),
  pending: z
    .object({
      kind: z.string(),
      wave: z.string().optional(),
      digest: z.string(),
      approvals: z.union([z.number(), z.array(z.unknown()).transform((approvals) => approvals.length)]).catch(0),
    })
    .optional(),
  paused: z.boolean().optional(),
});

/** Throws when the answer is none. */
export function parseProgress(answer: unknown): RunProgress {
  return ProgressSchema.parse(answer);
}
