import type { Parsed } from '../contracts/request.js';

/** JSON.parse takes any depth, but what walks the value afterwards recurses; no ticketing system nests this deep. */
const MAX_DEPTH = 64;

/** The JSON of a verified body. UTF-8 only: another reading of the bytes would differ from what was signed. */
export function parsePayload(body: Uint8Array): Parsed<unknown> {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    return refused('the body is not UTF-8');
  }
  if (depthOf(text) > MAX_DEPTH) return refused(`the body is nested deeper than ${MAX_DEPTH} levels`);
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return refused('the body is not JSON');
  }
}

/**
 * Of a JSON text, its strings left out; on other texts any number will do, JSON.parse refuses them. One pass, without a regular expression.
 */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (inString) {
      if (character === '\\') at += 1;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '[' || character === '{') deepest = Math.max(deepest, ++depth);
    else if (character === ']' || character === '}') depth -= 1;
  }
  return deepest;
}

function refused(problem: string): Parsed<never> {
  return { ok: false, problems: [{ path: '', problem }] };
}
