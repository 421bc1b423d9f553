// What became of a delivery, read from the answer that its sender gets: whoever counts and whoever records goes by what was really said.

/** `refused`: authentic, and nothing that may be. `unauthentic`: nobody knows who sent it. */
export const HOOK_RESULTS = [
  ...([
    'started',
    'same',
    'ignored',
    'conflict',
    'refused',
    'unauthentic',
    'unknown',
    'malformed',
    'limited',
    'unavailable',
    'failed',
  ] as const),
] as const;
export type HookResult = (typeof HOOK_RESULTS)[number];

export interface HookAnswer {
  /** As in the configuration; undefined where there is none of that name, which is a stranger's word. */
  hook: string | undefined;
  result: HookResult;
  workflowId?: string | undefined;
  /** Why nothing was started. */
  why?: string | undefined;
}

export function readAnswer(hook: string | undefined, status: number, payload: unknown): HookAnswer {
  const body = bodyOf(payload);
  const ignored = textAt(body, 'ignored');
  const workflowId = textAt(body, 'workflowId');
  if (status === 202) return { hook, result: 'started', workflowId };
  if (status === 200) return ignored === undefined ? { hook, result: 'same', workflowId } : { hook, result: 'ignored', why: ignored };
  return { hook, result: REFUSALS[status] ?? (status >= 500 ? 'failed' : 'malformed'), why: textAt(body, 'detail') };
}

const REFUSALS: Readonly<Record<number, HookResult>> = {
  401: 'unauthentic',
  404: 'unknown',
  409: 'conflict',
  422: 'refused',
  429: 'limited',
  503: 'unavailable',
};

function bodyOf(payload: unknown): object {
  if (typeof payload !== 'string') return {};
  try {
    const body: unknown = JSON.parse(payload);
    return typeof body === 'object' && body !== null ? body : {};
  } catch {
    return {};
  }
}

function textAt(body: object, key: string): string | undefined {
  const value: unknown = Object.hasOwn(body, key) ? Reflect.get(body, key) : undefined;
  return typeof value === 'string' ? value : undefined;
}
