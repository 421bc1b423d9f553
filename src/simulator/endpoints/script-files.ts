import { type Call, ok, type Reply, type Route } from '../answers/routes.js';
import { idWriter } from '../answers/wire.js';
import { GatewayError } from '../error.js';
import type { SimulatedScript, World } from '../world/state.js';
import { contentOf, findScript, scriptDetail } from './scripts.js';

/** #9, #10 and #11 of the reference: export, import, clone. */
export const scriptFileRoutes: Route[] = [
  { method: 'GET', path: '/sm/v1/scripts/export', handle: exportScripts },
  { method: 'POST', path: '/sm/v1/scripts/import', effect: 'import', handle: importScripts },
  { method: 'POST', path: '/sm/v1/scripts/{id}/clone', effect: 'clone', handle: cloneScript },
];

const GONE = ['DEPRECATED', 'REJECTED'];
/** CAR's own limit for a script (docs/qualys-api.md#scripts). */
const MAX_SCRIPT_BYTES = 500 * 1_024;

/** One bad id fails the whole call. */
function exportScripts(call: Call): Reply {
  const ids = (call.query.get('ids') ?? '').split(',').filter((id) => id !== '');
  if (ids.length === 0 || ids.some((id) => !/^\d+$/.test(id))) throw new GatewayError(400, 'ids must hold script ids, separated by commas');
  const scripts = ids.map((id) => {
    const script = call.world.script(id);
    if (!script) throw new GatewayError(404, `Script not found: ${id}`);
    if (GONE.includes(script.status)) throw new GatewayError(400, `Script ${id} cannot be exported: its status is ${script.status}`);
    return script;
  });
  const write = idWriter(call);
  return ok(scripts.map((script) => ({ ...scriptDetail(call, script), id: write(script.id, 'number') })));
}

/** All or nothing: a title that exists, twice in the file or in the subscription, keeps everything out. */
function importScripts(call: Call): Reply {
  const { world, username, now } = call;
  const entries = uploadedArray(call).map(readEntry);
  const titles = new Set<string>();
  for (const { title } of entries) {
    if (titles.has(title) || isTaken(world, title)) throw new GatewayError(409, `Script with the same title already exists: ${title}`);
    titles.add(title);
  }
  checkQuota(world, entries.length);
  const added = entries.map((entry) => world.addScript({ ...entry, username, at: now }));
  return ok({ ImportedIds: added.map(({ id }) => String(id)) });
}

function cloneScript(call: Call): Reply {
  const { world, username, now } = call;
  const source = findScript(call);
  if (GONE.includes(source.status)) throw new GatewayError(400, `Script ${source.id} cannot be cloned: its status is ${source.status}`);
  const title = (call.body as { scriptTitle?: unknown } | undefined)?.scriptTitle;
  if (typeof title !== 'string' || title.trim() === '') throw new GatewayError(400, 'scriptTitle is not in proper format');
  if (isTaken(world, title)) {
    throw new GatewayError(world.settings.cloneDuplicate, `Script with the same title already exists: ${title}`);
  }
  checkQuota(world, 1);
  const copy = world.addScript({ title, platform: source.platform, base64: contentOf(source), username, at: now });
  return ok({ errorCode: '0', message: 'Cloned script successfully', body: { id: idWriter(call)(copy.id, 'number') } }, 201);
}

function isTaken(world: World, title: string): boolean {
  return world.scripts.some((script) => script.title === title);
}

/** A 429 that is business, not a limit, and names no wait. */
function checkQuota(world: World, more: number): void {
  if (world.scripts.length + more > world.settings.scriptQuota) throw new GatewayError(429, 'Maximum script creation limit is reached');
}

/** The JSON array in the part named `file`. */
function uploadedArray({ contentType, text }: Call): unknown[] {
  const boundary = /^multipart\/form-data\s*;.*\bboundary="?([^";]+)"?/i.exec(contentType)?.[1];
  if (boundary === undefined) throw new GatewayError(400, 'The request must be multipart/form-data with a boundary');
  const part = text.split(`--${boundary}`).find((candidate) => /content-disposition:[^\r\n]*\bname="file"/i.test(candidate));
  const start = part?.indexOf('\r\n\r\n') ?? -1;
  if (part === undefined || start < 0) throw new GatewayError(400, 'There is no part named file');
  if (!/\bfilename="[^"]+\.json"/i.test(part.slice(0, start))) throw new GatewayError(400, 'The file must be in .json format');
  try {
    const entries: unknown = JSON.parse(part.slice(start + 4).replace(/\r\n$/, ''));
    if (Array.isArray(entries) && entries.length > 0) return entries;
  } catch {
    // Answered like any other file that is no array.
  }
  throw new GatewayError(400, 'The file must hold a JSON array of scripts');
}

const TOLD = { description: 'string', severity: 'number', threshold: 'number', type: 'object', category: 'object' } as const;

function readEntry(entry: unknown): Pick<SimulatedScript, 'title' | 'platform' | 'base64' | 'told'> {
  const { title, platform, content } = (entry ?? {}) as Record<string, unknown>;
  if (typeof title !== 'string' || title.trim() === '') throw new GatewayError(400, 'A script in the file has no title');
  if (typeof content !== 'string' || !/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(content)) {
    throw new GatewayError(400, `The content of ${title} is not base64`);
  }
  if (Buffer.byteLength(content, 'base64') > MAX_SCRIPT_BYTES) throw new GatewayError(400, `The content of ${title} is larger than 500 KB`);
  const told = Object.entries(TOLD).flatMap(([field, kind]) => {
    const value = (entry as Record<string, unknown>)[field];
    return typeof value === kind && value !== null ? [[field, value] as const] : [];
  });
  return { title, platform: typeof platform === 'string' ? platform : 'LINUX', base64: content, told: Object.fromEntries(told) };
}
