import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import vm from 'node:vm';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
// @ts-expect-error a plain script without types
import { bundle } from './workflow-bundle.mjs';

const WORKFLOWS = fileURLToPath(new URL('../src/workflows/index.ts', import.meta.url));
let folder: string;
let code: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'overhaul-bundle-'));
  code = readFileSync((await bundle(WORKFLOWS, join(folder, 'workflows.js'))) as string, 'utf8');
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

/** As the SDK's reusable context does: what is evaluated before the first workflow is everybody's, the rest each workflow's own. */
function evaluatedByAWorkflow(): string[] {
  const shared = new Map<string, unknown>();
  const own = new Map<string, unknown>();
  let cache = shared;
  const context = vm.createContext({ TextEncoder, TextDecoder, URL, AbortController });
  const modules = {
    get: (_: object, name: string) => shared.get(name) ?? own.get(name),
    set: (_: object, name: string, module: unknown) => cache.set(name, module) !== undefined,
  };
  Object.defineProperty(context, '__webpack_module_cache__', { value: new Proxy({}, modules) });
  vm.runInContext(code, context);
  vm.runInContext('__TEMPORAL__.preloadModules()', context);
  cache = own;
  vm.runInContext('__TEMPORAL__.importWorkflows()', context);
  return [...own.keys()];
}

test('a workflow evaluates no schema and no library of its own, which it would keep in the cache', () => {
  const own = evaluatedByAWorkflow();
  expect(own.filter((name) => name.endsWith('/src/workflows/run/workflow.ts'))).toHaveLength(1);
  expect(own.filter((name) => /\/src\/contracts\/|\/node_modules\/(zod|re2js|temporal-polyfill)\//.test(name))).toEqual([]);
});
