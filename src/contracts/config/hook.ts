// `hooks` of overhaul.yaml: who may send ticket events to which address, where a field lies in them, and when a ticket counts as approved.
import { compile } from '@jmespath-community/jmespath';
import { z } from 'zod';
import { LIMITS, list, text } from '../text.js';
import { SecretRefSchema } from './secret-ref.js';

export const SYSTEMS = ['servicenow', 'jira', 'jira-dc', 'zendesk', 'freshservice', 'pagerduty', 'github', 'standard'] as const;
export type System = (typeof SYSTEMS)[number];

const Name = text(LIMITS.name);

const Expression = text(LIMITS.url).superRefine((expression, ctx) => {
  try {
    compile(expression);
  } catch (error) {
    ctx.addIssue({
      code: 'custom',
      message: `is not a valid JMESPath expression: ${error instanceof Error ? error.message : 'syntax error'}`,
    });
  }
});

const MAPPED = [
  'ticket',
  'url',
  'generation',
  'assetIds',
  'hostnames',
  'assetTagIds',
  'query',
  'excludedAssetIds',
  'requestedBy',
  'reason',
] as const;
export type MappedField = (typeof MAPPED)[number];

const MapSchema = z.partialRecord(z.enum(MAPPED), Expression);

/** How many deliveries an address may send: `burst` at once, and so many more each second. */
const RateLimitSchema = z.strictObject({
  perSecond: z.number().positive().max(10_000),
  burst: z.number().int().positive().max(1_000_000),
});

export const HookSchema = z.strictObject({
  system: z.enum(SYSTEMS),
  secrets: list(SecretRefSchema, LIMITS.entries).min(1, 'name at least one secret'),
  playbook: z.union([Name, z.strictObject({ from: Expression, allow: list(Name, LIMITS.tagIds).min(1, 'allow at least one playbook') })], {
    error: 'must be the name of a playbook, or { from: JMESPath, allow: [names] }',
  }),
  rateLimit: RateLimitSchema.optional(),
  /** Over the event. */
  map: MapSchema.optional(),
  ticket: Name.optional(),
  /** Of ServiceNow: where the ticket is, `change_request` when not given. */
  table: text(LIMITS.name)
    .regex(/^[a-z][a-z0-9_]*$/, 'must be the name of a table, such as change_request')
    .optional(),
  /** Over the ticket as read again, which has the last word on every field that is named here. */
  read: MapSchema.optional(),
  /** Over the ticket as read again. */
  approved: Expression.optional(),
});

export type Hook = z.output<typeof HookSchema>;

/** What makes a ticket of this system an approved one, where the system has a field of its own for it. */
export const APPROVED: Partial<Record<System, string>> = { servicenow: "approval == 'approved'" };

/** A system without an API of its own: its entry in `tickets` only gives a name to its tickets. */
export function canBeReadAgain(system: System): boolean {
  return system !== 'standard';
}

/** Only what the rules between a hook and its `tickets` entry need, so that a file with other faults is still checked for them. */
const HooksSchema = z.object({
  tickets: z
    .record(
      z.string(),
      z
        .object({ system: z.enum(SYSTEMS) })
        .optional()
        .catch(undefined),
    )
    .catch({}),
  hooks: z
    .record(
      z.string(),
      z
        .object({ system: z.enum(SYSTEMS), ticket: z.string().optional(), read: z.unknown().optional(), approved: z.unknown().optional() })
        .optional()
        .catch(undefined),
    )
    .catch({}),
});

/** What is wrong between a hook and the tickets that it speaks of. */
export function hookIssues(content: unknown): z.core.$ZodIssue[] {
  const read = HooksSchema.safeParse(content);
  if (!read.success) return [];
  const { hooks, tickets } = read.data;
  return Object.entries(hooks).flatMap(([name, hook]) => {
    const entry = hook?.ticket !== undefined && Object.hasOwn(tickets, hook.ticket) ? tickets[hook.ticket] : undefined;
    return hook ? ticketIssues(hook, entry?.system).map((issue) => ({ ...issue, path: ['hooks', name, ...issue.path] })) : [];
  });
}

type Spoken = { system: System; ticket?: string | undefined; read?: unknown; approved?: unknown };

/** `of`: the system of the tickets entry; undefined also where there is none with that name, which is told elsewhere. */
function ticketIssues({ system, ticket, read, approved }: Spoken, of: System | undefined): z.core.$ZodIssue[] {
  const issue = (key: string, message: string): z.core.$ZodIssue => ({ code: 'custom', input: undefined, path: [key], message });
  if (ticket === undefined && system !== 'standard') return [issue('ticket', NEEDS_TICKET(system))];
  if (ticket !== undefined && of === undefined) return [];
  if (of !== undefined && system !== 'standard' && of !== system)
    return [
      issue('ticket', `${ticket} is of system "${of}", and this hook of "${system}": name an entry of tickets with system: ${system}`),
    ];
  if (of === undefined || !canBeReadAgain(of)) {
    const why =
      of === undefined ? 'add ticket: NAME, an entry of tickets' : `${ticket} is of system "${of}", which has no API to read from`;
    const given = { read, approved };
    return (['read', 'approved'] as const)
      .filter((key) => given[key] !== undefined)
      .map((key) => issue(key, `is decided over the ticket as read again: ${why}`));
  }
  if (approved !== undefined || APPROVED[of] !== undefined) return [];
  return [issue('approved', `is missing: say when a ticket of ${of} counts as approved, as JMESPath over the ticket as it is read again`)];
}

/** Most of them sign no time, and one signs nothing: an event alone may be old, replayed or untrue. */
const NEEDS_TICKET = (system: System): string =>
  `is missing: an event of ${system} is only a hint, so its ticket is read again before anything starts. Add tickets: { ${system}: { system: ${system}, url: … } } with credentials, and ticket: ${system} here`;
