// What an organisation lets runs do, whoever starts them: the `policy` of the configuration file.
import { z } from 'zod';
import { DurationSchema, Id } from './request.js';
import { LIMITS, list, text } from './text.js';

const Cap = z.number().positive('must be more than 0');

/** Qualys' documented defaults a subscription: 300 calls an hour, 1,000 executions a day, 2 calls at once. */
const CAPS = { callsPerHour: 300, executionsPerDay: 1_000, concurrency: 2 } as const;

export interface Policy {
  /** Runs larger than `aboveAssets` wait for `approve`; none wait without it. */
  approval?: { aboveAssets?: number | undefined } | undefined;
  caps: { callsPerHour: number; executionsPerDay: number; concurrency: number };
  /** The subscription's configured interval between executions, 0 for none; learned when not given. */
  executeIntervalMs?: number | undefined;
  /** Script ids that may run; every approved script when not given. */
  scripts?: { allow: string[] } | undefined;
  neverTouch: NeverTouch;
}

/** What no script is sent to: assets by id, bearers of tags by id or name, hosts by their whole name or its first label. */
export interface NeverTouch {
  assetIds: string[];
  tags: string[];
  hostnames: string[];
  /** Of a tag or host name that Qualys does not know: `refuse`, the default, starts nothing; `warn` says so and goes on. */
  unknown?: 'refuse' | 'warn' | undefined;
}

export function keepsAnything({ assetIds, tags, hostnames }: NeverTouch): boolean {
  return assetIds.length + tags.length + hostnames.length > 0;
}

export const PolicySchema = z
  .strictObject({
    approval: z.strictObject({ aboveAssets: z.number().int().min(0).optional() }).optional(),
    caps: z
      .strictObject({
        callsPerHour: Cap.default(CAPS.callsPerHour),
        executionsPerDay: Cap.default(CAPS.executionsPerDay),
        concurrency: Cap.default(CAPS.concurrency),
      })
      .default({ ...CAPS }),
    executeInterval: DurationSchema.optional(),
    scripts: z.strictObject({ allow: list(Id, LIMITS.tagIds) }).optional(),
    neverTouch: z
      .strictObject({
        assetIds: list(Id, LIMITS.assetIds).default([]),
        tags: list(z.union([text(LIMITS.title), z.number().int().positive()]).transform(String), LIMITS.tagIds).default([]),
        hostnames: list(text(LIMITS.hostname), LIMITS.assetIds).default([]),
        unknown: z.enum(['refuse', 'warn']).optional(),
      })
      .default({ assetIds: [], tags: [], hostnames: [] }),
  })
  .transform(
    ({ executeInterval, ...rest }): Policy => ({
      ...rest,
      ...(executeInterval === undefined ? {} : { executeIntervalMs: executeInterval }),
    }),
  );

/** The policy of an installation that configured none. */
export function defaultPolicy(): Policy {
  return { caps: { ...CAPS }, neverTouch: { assetIds: [], tags: [], hostnames: [] } };
}
