// The API, asked by the page. A refusal of the credentials opens the dialog that asks for a token.
import { token, tokenWanted } from './token.js';
import type { AssetPage, Decision, Failures, Run, RunPage } from './types.js';

/** What the server answered instead: its own words. */
export class Refusal extends Error {
  override readonly name = 'Refusal';

  constructor(
    readonly status: number,
    detail: string,
  ) {
    super(detail);
  }
}

/** Nobody answered. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

export interface RunsAsked {
  state?: string | undefined;
  kind?: string | undefined;
  q?: string | undefined;
  cursor?: string | undefined;
  limit?: number | undefined;
}

export interface AssetsAsked {
  outcome?: string | undefined;
  q?: string | undefined;
  cursor?: string | undefined;
  limit?: number | undefined;
}

export interface Order {
  reason?: string;
  by?: string | undefined;
  digest?: string | undefined;
}

export const listRuns = (asked: RunsAsked, abort?: AbortSignal): Promise<RunPage> => read(`/api/runs${queryOf(asked)}`, abort);

export const getRun = (id: string, abort?: AbortSignal): Promise<Run> => read(pathOf(id), abort);

export const listAssets = (id: string, asked: AssetsAsked, abort?: AbortSignal): Promise<AssetPage> =>
  read(`${pathOf(id)}/assets${queryOf(asked)}`, abort);

export const getFailures = (id: string, abort?: AbortSignal): Promise<Failures> => read(`${pathOf(id)}/failures`, abort);

export async function getOutput(id: string, assetId: string, abort?: AbortSignal): Promise<string> {
  return (await ask(`${pathOf(id)}/assets/${encodeURIComponent(assetId)}/output`, { abort })).text();
}

export async function decide(id: string, decision: Decision, order: Order): Promise<void> {
  await ask(`${pathOf(id)}/${decision}`, { body: order });
}

export const reportPath = (id: string, format: string): string => `${pathOf(id)}/report.${format}`;
export const eventsPath = (id: string): string => `${pathOf(id)}/events`;

/** Throws `Refusal` or `Unreachable`; and `AbortError` where the caller wants it no more. */
export async function ask(
  path: string,
  asked: { abort?: AbortSignal | undefined; body?: object; headers?: object } = {},
): Promise<Response> {
  const { abort, body, headers } = asked;
  const given = token.value;
  let response: Response;
  try {
    response = await fetch(path, {
      headers: {
        ...(given === '' ? {} : { authorization: `Bearer ${given}` }),
        ...(body ? { 'content-type': 'application/json' } : {}),
        ...headers,
      },
      ...(body ? { method: 'POST', body: JSON.stringify(body) } : {}),
      ...(abort ? { signal: abort } : {}),
    });
  } catch (error) {
    if (abort?.aborted) throw error;
    throw new Unreachable('The server does not answer.');
  }
  if (response.ok) return response;
  if (response.status === 401) tokenWanted.value = true;
  throw new Refusal(response.status, await problemOf(response));
}

async function read<T>(path: string, abort: AbortSignal | undefined): Promise<T> {
  return (await ask(path, { abort })).json() as Promise<T>;
}

async function problemOf(response: Response): Promise<string> {
  const problem = (await response.json().catch(() => ({}))) as { detail?: string; problems?: { path: string; problem: string }[] };
  const all = (problem.problems ?? []).map(({ path, problem: what }) => (path === '' ? what : `${path} ${what}`));
  return [problem.detail ?? `The server answered ${response.status}.`, ...all].join('; ');
}

function pathOf(id: string): string {
  return `/api/runs/${encodeURIComponent(id)}`;
}

function queryOf(asked: object): string {
  const given = Object.entries(asked).flatMap(([key, value]) => (value === undefined || value === '' ? [] : [[key, String(value)]]));
  const text = new URLSearchParams(given).toString();
  return text === '' ? '' : `?${text}`;
}
