// What a follow-up schedule is called. The title is the only key that creating one has (docs/qualys-api.md#schedules), so it must be unique
// and the same on every attempt.
import { QqlUnsafe, quoted } from '../targets/qql.js';

/** No document bounds a title. Half of the 255 characters that such columns commonly hold leaves room for what we do not know. */
export const MAX_SCHEDULE_TITLE = 128;
/** Leaves room for the number of a part and for a mark that makes it unique. */
export const MAX_ASKED_TITLE = 80;

export interface TitleFacts {
  /** As the request has it. */
  asked?: string | undefined;
  runId: string;
  /** Of run and ledger: what makes a title unique that had to be cut, or that somebody else has taken. */
  digest: string;
  part: { number: number; of: number };
  /** Somebody else has the title without it. */
  marked?: boolean;
}

export function scheduleTitle({ asked, runId, digest, part, marked = false }: TitleFacts): string {
  const number = part.of === 1 ? '' : ` (${part.number} of ${part.of})`;
  const tail = `${number}${marked ? ` [${digest}]` : ''}`;
  const title = asked ?? `Overhaul follow-up of ${runId}`;
  if (title.length + tail.length <= MAX_SCHEDULE_TITLE && !titleProblem(title)) return `${title}${tail}`;
  const mark = ` #${digest}`;
  const room = MAX_SCHEDULE_TITLE - mark.length - tail.length;
  // By code points: half a surrogate pair is no text any more.
  const kept = Array.from(title.slice(0, MAX_SCHEDULE_TITLE).replace(UNQUOTABLE, '_'));
  while (kept.join('').length > room) kept.pop();
  return `${kept.join('')}${mark}${tail}`;
}

/** Left in a name that has to be changed anyway: what reads well and needs no quoting. */
const UNQUOTABLE = /[^\p{L}\p{N} ._:/@()-]/gu;

/** A title that no filter can carry could not be looked up after a lost answer. */
export function titleProblem(title: string): string | undefined {
  try {
    quoted(title);
    return undefined;
  } catch (error) {
    if (error instanceof QqlUnsafe)
      return 'contains a backslash, a control character, or all three kinds of quote: Qualys cannot search for it';
    throw error;
  }
}
