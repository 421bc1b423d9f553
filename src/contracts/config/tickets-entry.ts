// `tickets` of overhaul.yaml: a ticket system, the credential that reads and writes there, and how a ticket is moved at the end of its run.
import { z } from 'zod';
import { LIMITS, list, text } from '../text.js';
import { SYSTEMS, type System } from './hook.js';
import { SecretRefSchema } from './secret-ref.js';

const Text = text(LIMITS.url);
const Name = text(LIMITS.name);

export const ServiceUrl = Text.superRefine((text, ctx) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') ctx.addIssue({ code: 'custom', message: 'must be an http(s) URL' });
  else if (url.username || url.password)
    ctx.addIssue({ code: 'custom', message: 'must not contain credentials: use {env: NAME} or {file: path}' });
});

/** What a ticket of each system is moved by. */
const MoveSchema = z.strictObject({
  fields: z
    .record(Name, z.union([Text, z.number(), z.boolean()], { error: 'must be a text, a number, true or false' }))
    .refine((fields) => Object.keys(fields).length > 0, 'name at least one field')
    .optional(),
  transition: Name.optional(),
  status: Name.optional(),
  close: z.boolean().optional(),
  /** By our own label an issue would ask for a run again. */
  labels: list(
    Name.refine((label) => !label.toLowerCase().startsWith('overhaul'), 'must not begin with overhaul: such labels ask for runs'),
    LIMITS.entries,
  )
    .min(1)
    .optional(),
});

export type Move = z.output<typeof MoveSchema>;

export const TicketsEntrySchema = z
  .strictObject({
    system: z.enum(SYSTEMS),
    url: ServiceUrl.optional(),
    username: SecretRefSchema.optional(),
    password: SecretRefSchema.optional(),
    token: SecretRefSchema.optional(),
    onFinished: z.strictObject({ succeeded: MoveSchema.optional(), otherwise: MoveSchema.optional() }).optional(),
    /** Whose script output is quoted in the last status, clipped; none where it is not given. */
    output: z.enum(['none', 'failed']).optional(),
  })
  .superRefine(refuseForeignMoves, { when: () => true });

export type TicketsEntry = z.output<typeof TicketsEntrySchema>;

interface Moving {
  keys: readonly (keyof Move)[];
  as: string;
  /** The words that `status` may be. */
  statuses?: readonly string[];
}

const FIELDS: Moving = { keys: ['fields'], as: 'fields: { state: "3" }' };
const TRANSITION: Moving = { keys: ['transition'], as: 'transition: "Done"' };

const MOVES: Readonly<Record<Exclude<System, 'standard'>, Moving>> = {
  servicenow: FIELDS,
  freshservice: { ...FIELDS, as: 'fields: { status: 4 }' },
  jira: TRANSITION,
  'jira-dc': TRANSITION,
  zendesk: { keys: ['status'], as: 'status: solved', statuses: ['open', 'pending', 'hold', 'solved'] },
  pagerduty: { keys: ['status'], as: 'status: resolved', statuses: ['acknowledged', 'resolved'] },
  github: { keys: ['close', 'labels'], as: 'close: true, labels: [remediated]' },
};

/** As far as an entry can be read, so that this is told beside what else is wrong in it. */
const Readable = z.object({
  system: z.enum(SYSTEMS),
  onFinished: z.record(z.string(), z.unknown()),
});

function refuseForeignMoves(value: unknown, ctx: z.core.$RefinementCtx): void {
  const read = Readable.safeParse(value);
  if (!read.success) return;
  const { system, onFinished } = read.data;
  const issue = (path: PropertyKey[], message: string): void => ctx.addIssue({ code: 'custom', path: ['onFinished', ...path], message });
  if (system === 'standard') {
    issue([], 'cannot be done: "standard" has no API');
    return;
  }
  const { keys, as, statuses } = MOVES[system];
  for (const when of ['succeeded', 'otherwise'] as const) {
    const move = z.record(z.string(), z.unknown()).safeParse(onFinished[when]).data;
    if (!move) continue;
    const given = Object.keys(move).filter((key) => move[key] !== undefined);
    const foreign = given.filter((key) => key in MoveSchema.shape && !keys.some((own) => own === key));
    for (const key of foreign) issue([when, key], `a ticket of ${system} is moved by { ${as} }`);
    if (given.length === 0) issue([when], `is empty: a ticket of ${system} is moved by { ${as} }`);
    if (given.length === 1 && move.close === false) issue([when, 'close'], 'moves nothing: leave it out, or name labels');
    if (statuses && typeof move.status === 'string' && !statuses.includes(move.status.trim()))
      issue([when, 'status'], `must be one of ${statuses.join(', ')}`);
  }
}
