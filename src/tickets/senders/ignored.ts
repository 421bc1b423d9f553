import type { Hook } from '../../contracts/config/hook.js';
import { SENDERS } from './index.js';
import type { Translation } from './sender.js';
import { textAt, valueAt } from './value-at.js';

/**
 * As it stands in everything that we write into a ticket: `overhaul:<workflow id>`, the id of three segments. Bounded, as the text is: whoever
 * writes a comment must not be able to keep the server searching.
 */
const MARKER = /\boverhaul:[^\s/"<>]{1,300}\/[^\s/"<>]{1,600}\/[^\s/"<>]/;
/** More than a comment has in any of these systems. */
const SEARCHED_CHARACTERS = 100_000;

/** Why an authentic event asks for nothing; undefined when it asks. */
export function whyIgnored(
  hook: Pick<Hook, 'system' | 'map' | 'read'>,
  payload: unknown,
  { now, account }: { now: Date; account: string | undefined },
): string | undefined {
  const { translation } = SENDERS[hook.system];
  const generations = hook.map?.generation !== undefined || hook.read?.generation !== undefined;
  return translation.ignored?.(payload, generations) ?? tooOld(translation.age, payload, now) ?? ownWork(translation, payload, account);
}

function tooOld(age: Translation['age'], payload: unknown, now: Date): string | undefined {
  if (!age) return undefined;
  const at = age.form === 'milliseconds' ? valueAt(payload, age.at) : Date.parse(textAt(payload, age.at));
  if (typeof at !== 'number' || !(now.getTime() - at > age.maxS * 1_000)) return undefined;
  return `the event is older than ${age.maxS / 3_600} hours`;
}

/** Without this, what we write into a ticket comes back as an event, and could start a run that writes into the ticket. */
function ownWork({ actors, written }: Translation, payload: unknown, account: string | undefined): string | undefined {
  const own = account?.toLowerCase();
  if (own !== undefined && actors.some((actor) => nameAt(payload, actor) === own)) return 'it was done by our own account';
  // Jira's cloud has comments as a tree of text nodes.
  const texts = written
    .map((expression) => valueAt(payload, expression))
    .map((value) => (value === undefined ? '' : JSON.stringify(value)));
  return texts.some((text) => MARKER.test(text.slice(0, SEARCHED_CHARACTERS))) ? 'it was written by us' : undefined;
}

function nameAt(payload: unknown, expression: string): string | undefined {
  const name = valueAt(payload, expression);
  return typeof name === 'string' || typeof name === 'number' ? String(name).toLowerCase() : undefined;
}
