// Senders of ticket events as they are in the field: each signs its events, and sends one again until it is answered 2xx.
import { createHmac } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Pool } from 'undici';

export const HOOK_SECRET = 'C2FVsBQIhrscChlQIMV+b5sSYspob7oD';

export interface Delivery {
  body: string;
  headers: Record<string, string>;
}

/** Of the `standard` system. Each attempt has a time of its own, as the standard wants it. */
export function signed(id: string, event: object): Delivery {
  const body = JSON.stringify(event);
  const seconds = String(Math.floor(Date.now() / 1_000));
  const signature = createHmac('sha256', Buffer.from(HOOK_SECRET, 'base64')).update(`${id}.${seconds}.${body}`).digest('base64');
  return {
    body,
    headers: { 'content-type': 'application/json', 'webhook-id': id, 'webhook-timestamp': seconds, 'webhook-signature': `v1,${signature}` },
  };
}

export interface HookPool {
  /** The status, or what kept an answer from coming. */
  send(path: string, delivery: Delivery): Promise<{ status: number; body: string } | { error: string }>;
  close(): Promise<void>;
}

export function hookPool(origin: string, connections: number): HookPool {
  const pool = new Pool(origin, { connections, headersTimeout: 15_000, bodyTimeout: 15_000 });
  return {
    async send(path, { body, headers }) {
      try {
        const answer = await pool.request({ method: 'POST', path, body, headers });
        return { status: answer.statusCode, body: await answer.body.text() };
      } catch (error) {
        return { error: error instanceof Error ? error.message : String(error) };
      }
    },
    close: () => pool.destroy(),
  };
}

/** Sends until it is taken. Returns the answers that were none of that. */
export async function sendUntilTaken(
  pool: HookPool,
  path: string,
  { id, event, everyMs, giveUp }: { id: string; event: object; everyMs: number; giveUp: AbortSignal },
): Promise<{ workflowId: string; refused: number[] }> {
  const refused: number[] = [];
  for (;;) {
    giveUp.throwIfAborted();
    const answer = await pool.send(path, signed(id, event));
    if ('status' in answer) {
      if (answer.status >= 200 && answer.status < 300)
        return { workflowId: (JSON.parse(answer.body) as { workflowId: string }).workflowId, refused };
      refused.push(answer.status);
    }
    await pause(everyMs);
  }
}
