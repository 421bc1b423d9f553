// The server's way to Temporal: it starts without it, and finds it again by itself after an outage.
import type { Client } from '@temporalio/client';
import type { Secret } from '../contracts/config/secret.js';
import type { Environment } from '../contracts/config/secret-ref.js';
import type { Parsed } from '../contracts/request.js';
import { connectClientLazily, TemporalMisconfigured } from '../temporal/connection.js';
import { dataConverterOf } from '../temporal/payload-codec.js';

export interface TemporalLink {
  client: Client;
  /** Whether Temporal answers just now, within two seconds. */
  reachable(): Promise<boolean>;
  close(): Promise<void>;
}

const HEALTH_DEADLINE_MS = 2_000;

/** Contacts nothing; refuses wrong variables and profiles. */
export function temporalLink(env: Environment, encryptionKeys: Secret | undefined): Parsed<TemporalLink> {
  try {
    const dataConverter = dataConverterOf(encryptionKeys);
    const { client, connection } = connectClientLazily(env, dataConverter ? { dataConverter } : {});
    return {
      ok: true,
      value: {
        client,
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
