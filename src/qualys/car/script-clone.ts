// Cloning a script (docs/qualys-api.md#import-and-clone): the new title is what a lost answer is looked up by.

import { operations, pathOf } from '../catalog.js';
import type { Wire } from '../http/send.js';
import type { TokenSource } from '../http/token.js';
import type { CloneAnswer, CloneRequest } from '../operations.js';
import { CloneBody, clonedIdOf } from '../wire/effects.js';
import { type EffectFate, sendEffect } from './effect.js';

export async function cloneScript(wire: Wire & { tokens: TokenSource }, { script, title, runId }: CloneRequest): Promise<CloneAnswer> {
  const body = CloneBody.safeParse({ scriptTitle: title });
  if (!body.success || script.trim() === '') {
    const problem = body.success ? 'name the script to clone by id or title' : `the new title ${body.error.issues[0]?.message}`;
    return { kind: 'rejected', message: `scripts/clone: ${problem}` };
  }
  const { method, path } = operations.cloneScript;
  const fate = await sendEffect(wire, {
    endpoint: 'scripts/clone',
    kind: 'clone',
    method,
    path: pathOf(path, { scriptId: script.trim() }),
    // The table of parameters calls it `scriptId`; body sample and newer pages say `scriptTitle` (docs/qualys-api.md#import-and-clone).
    json: body.data,
    payloadOf: clonedIdOf,
    runId,
    mayStart: () => true,
  });
  return fate.kind === 'created' ? { kind: 'created', scriptId: String(fate.payload) } : titleTaken(fate);
}

/** Duplicate titles are forbidden, but under which status is told nowhere: only the sentence says it. */
function titleTaken(fate: Exclude<EffectFate, { kind: 'created' }>): CloneAnswer {
  const isConflict = fate.kind === 'rejected' ? fate.status === 400 : fate.kind === 'unknown' && /^HTTP 409\b/.test(fate.message);
  return isConflict && /already exist|duplicate/i.test(fate.message) ? { kind: 'exists', message: fate.message } : fate;
}
