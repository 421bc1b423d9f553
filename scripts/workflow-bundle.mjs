// The workflows as one file, so that a worker starts without webpack and every worker runs the same code.
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Bundles the workflows that `workflowsPath` exports into `codePath`, and returns that path. */
export async function bundle(workflowsPath, codePath) {
  const { bundleWorkflowCode, DefaultLogger } = await import('@temporalio/worker');
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') });
  mkdirSync(dirname(codePath), { recursive: true });
  writeFileSync(`${codePath}.${process.pid}`, code);
  renameSync(`${codePath}.${process.pid}`, codePath);
  return codePath;
}
