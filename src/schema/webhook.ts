// What a ticket asks for, in the words of the `standard` system (contract, section 7). Other systems are mapped to these words.
import { z } from 'zod';
import { TargetsSchema } from './request.js';

const text = (limit: number) => z.string().trim().min(1, 'must not be empty').max(limit, `must have at most ${limit} characters`);

/** Ticketing systems count in numbers; an unsafe one has lost digits already, and two tickets would share an id. */
const Label = z
  .union([text(255), z.number().refine(Number.isSafeInteger, 'must be a whole number below 2^53, or a string')], {
    error: 'must be a string or a whole number',
  })
  .transform(String);

/** Reports and pages show it as a link. */
const Link = text(2_000).refine((link) => /^https?:\/\//i.test(link) && URL.canParse(link), 'must be an http(s) URL');

export const TicketEventSchema = z.strictObject({
  ticket: z.strictObject({ id: Label, url: Link.optional(), generation: Label }),
  playbook: text(100).optional(),
  targets: TargetsSchema.optional(),
  requestedBy: text(255).optional(),
  reason: text(4_000).optional(),
});

export type TicketEvent = z.output<typeof TicketEventSchema>;
