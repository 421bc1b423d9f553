// What a ticket asks for, in the words of the `standard` system (docs/http-api.md). Other systems are mapped to these words.
import { z } from 'zod';
import { TargetsSchema } from '../request.js';
import { LIMITS, personName, text } from '../text.js';

/** Ticketing systems count in numbers; an unsafe one has lost digits already, and two tickets would share an id. */
const Label = z
  .union([text(LIMITS.ticketId), z.number().refine(Number.isSafeInteger, 'must be a whole number below 2^53, or a string')], {
    error: 'must be a string or a whole number',
  })
  .transform(String);

/** Reports and pages show it as a link. */
const Link = text(LIMITS.url).refine((link) => /^https?:\/\//i.test(link) && URL.canParse(link), 'must be an http(s) URL');

export const TicketEventSchema = z.strictObject({
  ticket: z.strictObject({ id: Label, url: Link.optional(), generation: Label }),
  playbook: text(LIMITS.name).optional(),
  targets: TargetsSchema.optional(),
  requestedBy: personName().optional(),
  reason: text(LIMITS.reason).optional(),
});

/** What of an event is needed to read its ticket. */
export const TicketIdSchema = z.object({ ticket: z.object({ id: Label }) });

export type TicketEvent = z.output<typeof TicketEventSchema>;
