// The workflows as one file, so that a worker starts without webpack and every worker runs the same code.
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';

/** Lines only, without the sources: a worker keeps the map, and unfolds it whole to name the place of the first promise. */
const SOURCE_MAP = 'inline-nosources-cheap-source-map';

/**
 * Bundles the workflows that `workflowsPath` exports into `codePath`, and returns that path. What stands beside them as `stateless` is
 * shared by all workflows of a worker.
 */
export async function bundle(workflowsPath, codePath) {
  const { bundleWorkflowCode, DefaultLogger } = await import('@temporalio/worker');
  const stateless = join(dirname(workflowsPath), `stateless${extname(workflowsPath)}`);
  const preloadModules = existsSync(stateless) ? [stateless] : [];
  const webpackConfigHook = (config) => ({ ...config, devtool: SOURCE_MAP });
  const { code } = await bundleWorkflowCode({ workflowsPath, preloadModules, webpackConfigHook, logger: new DefaultLogger('WARN') });
  mkdirSync(dirname(codePath), { recursive: true });
  writeFileSync(`${codePath}.${process.pid}`, code);
  renameSync(`${codePath}.${process.pid}`, codePath);
  return codePath;
}
