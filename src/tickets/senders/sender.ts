// What there is to know of a ticketing system that sends events.
import type { MappedField } from '../../contracts/config/hook.js';
import type { Scheme } from './signature.js';

export interface Sender {
  scheme: Scheme;
  translation: Translation;
  /**
   * How an authentic event is answered that asks for what it may not have: 422 shows up where the sender's people look, and 200 keeps a
   * sender going that stops delivering after a few answers of 4xx. The log has it in either case.
   */
  refusal: 422 | 200;
}

export interface Translation {
  /** JMESPath over the event, for what `map` of the hook does not name. */
  map: Readonly<Partial<Record<MappedField, string>>>;
  /** JMESPath over the ticket as read again, for what `read` of the hook does not name. */
  read?: Readonly<Partial<Record<MappedField, string>>>;
  /** Whether the ticket as read has what `read` is over; where it has not, the event is all there is. */
  readable?: (record: unknown) => boolean;
  /** The event, or the ticket as read, with what JMESPath cannot reach in it. */
  view?: (value: unknown) => unknown;
  /**
   * Why an event of this kind asks for nothing; undefined when it does ask. `generations`: the hook says by itself what authorises a run, so
   * that events which the defaults would take for a new authorisation each may pass.
   */
  ignored?: (payload: unknown, generations: boolean) => string | undefined;
  /**
   * What authorises a run, by the ticket as it is read: the generations that its events carry, one for each authorisation that stands.
   * Undefined where this ticket does not tell. Systems without it tell by events alone, or count (`counts`).
   */
  generations?: (record: unknown) => readonly string[] | undefined;
  /** The generation is a count of the ticket's updates, under the same name in events and in the ticket. */
  counts?: boolean;
  /** The ticket as read, as the event that its system would send now: what is taken from events is then found there. */
  asEvent?: (record: unknown, generation: string) => unknown;
  /**
   * Any change of the ticket sends such an event, so that its own id is no authorisation: only the first run of the ticket may begin by one.
   * Asked where the hook does not say by itself what authorises a run.
   */
  single?: (payload: unknown) => boolean;
  /** The event itself says that the ticket is not approved, where the hook leaves it to the system's own word: it starts nothing. */
  withdraws?: (payload: unknown) => boolean;
  /** Who did it, each a JMESPath: what our own account does asks for nothing. */
  actors: readonly string[];
  /** What was written, each a JMESPath: what carries our own marker asks for nothing. */
  written: readonly string[];
  /** When it happened, by what was signed: systems that sign no header with a time can be replayed. */
  age?: { at: string; form: 'milliseconds' | 'ISO 8601'; maxS: number };
}
