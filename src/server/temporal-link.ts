// The server's way to Temporal: it starts without it, and finds it again by itself after an outage.
import type { Client } from '@temporalio/client';
import type { Secret } from '../contracts/config/secret.js';
import type { Environment } from '../contracts/config/secret-ref.js';
import type { Parsed } from '../contracts/request.js';
import { connectClientLazily, TemporalMisconfigured } from '../temporal/connection.js';
import { dataConverterOf } from '../temporal/payload-codec.js';
import { runClient } from '../temporal/runs/run-client.js';
import type { TemporalRuns } from '../temporal/runs/temporal-runs.js';

export interface TemporalLink {
  client: Client;
  /** Errors are the SDK's own. */
  runs: TemporalRuns;
  /** Whether Temporal answers just now, within two seconds. */
  reachable(): Promise<boolean>;
  close(): Promise<void>;
}

const HEALTH_DEADLINE_MS = 2_000;

/** Contacts nothing; refuses wrong variables and profiles. */
export function temporalLink(env: Environment, encryptionKeys: Secret | undefined): Parsed<TemporalLink> {
  try {
    const dataConverter = dataConverterOf(encryptionKeys);
    const lazy = connectClientLazily(env, dataConverter ? { dataConverter } : {});
    const { client, connection } = lazy;
    return {
      ok: true,
      value: {
        client,
        runs: runClient(lazy),
        reachable: () =>
          connection
            .withDeadline(Date.now() + HEALTH_DEADLINE_MS, () => connection.workflowService.getSystemInfo({}))
            .then(
              () => true,
              () => false,
            ),
        close: () => connection.close(),
      },
    };
  } catch (error) {
    if (!(error instanceof TemporalMisconfigured)) throw error;
    return { ok: false, problems: [{ path: 'TEMPORAL_*', problem: error.message }] };
  }
}
