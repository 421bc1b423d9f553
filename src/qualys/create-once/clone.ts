// A clone that is made once, whatever happens to the answer.
import { createOnce, type OnceClient, type OnceFate, type OnceOptions } from './create.js';

/**
 * Copies a script (id or exact title) under a new title. The source is read first, so that a copy found after a lost answer can be told by
 * its content. Throws `QualysError` where nothing was sent: no such script, the search failed. Source: CAR API guide 1.0.0, "Clone
 * Scripts".
 */
export async function cloneScriptOnce(
  qualys: OnceClient,
  { script, title }: { script: string; title: string },
  options: OnceOptions,
): Promise<OnceFate> {
  const source = await qualys.script(script, { runId: options.runId });
  const send = async () => {
    const answer = await qualys.cloneScript({ script: source.id, title: title.trim(), runId: options.runId });
    return answer.kind === 'created' ? { kind: 'created' as const, scriptIds: [answer.scriptId] } : answer;
  };
  return createOnce(qualys, { wanted: [{ title: title.trim(), sha256: source.sha256 }], send }, options);
}
