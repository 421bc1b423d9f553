// `hooks` of overhaul.yaml: who may send ticket events to which address, where a field lies in them, and when a ticket counts as approved.
import { compile } from '@jmespath-community/jmespath';
import { z } from 'zod';
import { DurationSchema } from '../request.js';
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
  /** Over the ticket as read again: its approval is taken back, also after something was executed. */
  withdrawn: Expression.optional(),
  /** Over the ticket as read again: who has approved in it, one name or a list. */
  approvedBy: Expression.optional(),
  /** How often tickets are searched for whose event never came; `false`: never. */
  reconcile: z
    .union([DurationSchema.refine((ms) => ms >= 1_000, 'must be 1s or more'), z.literal(false)], {
      error: 'must be a duration such as "5m", or false',
    })
    .optional(),
  /** The system's own query for approved tickets. */
  find: text(LIMITS.url).optional(),
});

export type Hook = z.output<typeof HookSchema>;

/** What makes a ticket of this system an approved one, where the system has a field of its own for it. */
export const APPROVED: Partial<Record<System, string>> = { servicenow: "approval == 'approved'" };

/** When an approval counts as taken back after something was executed, where the system has a field of its own for it. */
export const WITHDRAWN: Partial<Record<System, string>> = { servicenow: "approval && approval != 'approved'" };

/** What is searched for where `find` does not say it: changes that somebody has touched since the day before yesterday. */
export const FIND: Partial<Record<System, string>> = {
  servicenow: 'approval=approved^active=true^sys_updated_on>=javascript:gs.daysAgoStart(2)',
};

export const RECONCILE_MS = 5 * 60_000;

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
        .object({
          system: z.enum(SYSTEMS),
          ticket: z.string().optional(),
          map: z.record(z.string(), z.unknown()).optional().catch(undefined),
          ...{ read: z.unknown().optional(), approved: z.unknown().optional(), withdrawn: z.unknown().optional() },
          ...{ approvedBy: z.unknown().optional(), reconcile: z.unknown().optional(), find: z.unknown().optional() },
        })
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

/** What needs a ticket that can be read. */
const OVER_TICKET = ['read', 'approved', 'withdrawn', 'approvedBy', 'reconcile', 'find'] as const;
type Spoken = { system: System; ticket?: string | undefined; map?: Record<string, unknown> | undefined } & {
  [key in (typeof OVER_TICKET)[number]]?: unknown;
};

/** Systems whose tickets tell, when they are read, what names an authorisation. */
export const TELLS_GENERATION: readonly System[] = ['servicenow', 'jira', 'jira-dc', 'pagerduty', 'github'];

/** Whether the runs of a hook have ids that a reading of the ticket finds as well as an event. */
export function tellsGeneration({ system, map, read }: Pick<Spoken, 'system' | 'map' | 'read'>): boolean {
  if (typeof read === 'object' && read !== null && 'generation' in read && read.generation !== undefined) return true;
  return TELLS_GENERATION.includes(system) && (map?.generation === undefined || system === 'servicenow');
}

/** `of`: the system of the tickets entry; undefined also where there is none with that name, which is told elsewhere. */
function ticketIssues(hook: Spoken, of: System | undefined): z.core.$ZodIssue[] {
  const { system, ticket } = hook;
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
    return OVER_TICKET.filter((key) => hook[key] !== undefined).map((key) =>
      issue(key, `is decided over the ticket as read again: ${why}`),
    );
  }
  const issues: z.core.$ZodIssue[] = [];
  if (hook.find !== undefined && !tellsGeneration(hook))
    issues.push(
      issue('find', 'needs read: { generation: JMESPath }: a ticket that is found must get the id that its event would have given it'),
    );
  if (hook.approved !== undefined || APPROVED[of] !== undefined) return issues;
  return [
    ...issues,
    issue('approved', `is missing: say when a ticket of ${of} counts as approved, as JMESPath over the ticket as it is read again`),
  ];
}

/** Most of them sign no time, and one signs nothing: an event alone may be old, replayed or untrue. */
const NEEDS_TICKET = (system: System): string =>
  `is missing: an event of ${system} is only a hint, so its ticket is read again before anything starts. Add tickets: { ${system}: { system: ${system}, url: … } } with credentials, and ticket: ${system} here`;
