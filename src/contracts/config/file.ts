// overhaul.yaml: playbooks, hooks, tickets, policy, access (docs/http-api.md). Secrets are references, unknown keys are errors.
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { z } from 'zod';
import { ROLES } from '../../domain/access/permissions.js';
import { withUnits } from '../bare-durations.js';
import { PlaybookCampaignSchema } from '../plan.js';
import { PolicySchema } from '../policy.js';
import { DurationSchema, type Parsed, PlaybookRunSchema, type Problem, problemsOf, SeenWithinSchema } from '../request.js';
import { LIMITS, list, personName, text } from '../text.js';
import { HookSchema, hookIssues } from './hook.js';
import { type Environment, fileErrorCode, SecretRefSchema } from './secret-ref.js';
import { ServiceUrl, TicketsEntrySchema } from './tickets-entry.js';
import { parseYaml } from './yaml-document.js';

export { defaultPolicy, type Policy } from '../policy.js';
export type { Hook, MappedField } from './hook.js';
export type { TicketsEntry } from './tickets-entry.js';

/** The ways in which a ticket may name its targets. Exclusions only narrow a cohort: they need no leave. */
const TARGET_KINDS = ['assetIds', 'hostnames', 'assetTagIds', 'query'] as const;
export type TargetKind = (typeof TARGET_KINDS)[number];

const Text = text(LIMITS.url);
const Name = text(LIMITS.name);

function isProtected(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url?.protocol !== 'http:' || /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(url.hostname);
}

const AddressRange = Text.refine((range) => {
  const [address = '', bits = ''] = range.split('/');
  return isIP(address) !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (isIP(address) === 4 ? 32 : 128);
}, 'must be an address range such as "127.0.0.0/8"');

const ApprovalSchema = z.strictObject({
  quorum: z.number().int().positive().max(LIMITS.quorum).optional(),
  expires: DurationSchema.optional(),
  approvers: list(personName(), LIMITS.approvers).min(1).optional(),
  allowRequester: z.boolean().optional(),
});

const PlaybookSchema = z
  .strictObject({
    run: PlaybookRunSchema.optional(),
    campaign: PlaybookCampaignSchema.optional(),
    targets: z
      .strictObject({
        choose: list(z.enum(TARGET_KINDS), TARGET_KINDS.length).min(1).optional(),
        max: z.number().int().positive().optional(),
        match: z.enum(['exact', 'label']).optional(),
        seenWithin: SeenWithinSchema.optional(),
      })
      .optional(),
    approval: ApprovalSchema.optional(),
  })
  .superRefine(refuseUnclearPlaybook, { when: () => true });

/** As far as a playbook can be read, so that this is told beside what is wrong inside of it. */
const ReadablePlaybook = z.object({
  run: z.unknown().optional(),
  campaign: z.unknown().optional(),
  approval: z.unknown().optional(),
});

function refuseUnclearPlaybook(value: unknown, ctx: z.core.$RefinementCtx): void {
  const read = ReadablePlaybook.safeParse(value);
  if (!read.success) return;
  const { run, campaign, approval } = read.data;
  const issue = (path: string, message: string): void => ctx.addIssue({ code: 'custom', path: [path], message });
  if (run === undefined && campaign === undefined)
    issue('run', 'needs run: { script: … } or campaign: { name: …, steps: { remediate: … } }');
  if (run !== undefined && campaign !== undefined) issue('campaign', 'has both run and campaign: keep one');
  if (approval !== undefined && z.object({ approval: z.unknown() }).safeParse(campaign).data?.approval !== undefined)
    issue('approval', 'is also set in campaign.approval: keep one');
}

const AccessSchema = z.strictObject({
  /** Whose pages may ask the remote codec. */
  codecOrigins: list(Text, LIMITS.entries).optional(),
  tokens: z
    .array(z.strictObject({ name: Name, role: z.enum(ROLES), token: SecretRefSchema }))
    .max(LIMITS.tagIds)
    .optional(),
  oidc: z
    .strictObject({
      /** As the provider calls itself. */
      issuer: ServiceUrl.refine(isProtected, 'must be https, unless it is on this machine'),
      audience: Text,
      /** The claim that has the roles: its name, or the way to it, such as `realm_access.roles`. */
      roles: Text,
      /** What the values of that claim mean; without it, they are the roles themselves. */
      map: z.record(Text, z.enum(ROLES)).optional(),
      /** The claim that names people: `by` in what they do. Default `sub`. */
      name: Text.optional(),
    })
    .optional(),
});

const NotificationSchema = z.strictObject({
  url: ServiceUrl,
  secret: SecretRefSchema,
  events: list(z.enum(['approval', 'wave', 'breach', 'finished']), 4).min(1),
});

const ServerSchema = z.strictObject({
  /** Whose `X-Forwarded-For`, `-Proto` and `-Host` count. */
  trustedProxies: list(AddressRange, LIMITS.entries).default([]),
  /** Files in PEM, read again when they change. Without them the server speaks plain HTTP. */
  tls: z.strictObject({ certificate: Text, key: Text }).optional(),
});

export const ConfigFileSchema = z.strictObject({
  playbooks: z.record(Name, PlaybookSchema).default({}),
  hooks: z.record(Name, HookSchema).default({}),
  tickets: z.record(Name, TicketsEntrySchema).default({}),
  policy: PolicySchema.prefault({}),
  access: AccessSchema.default({}),
  notifications: list(NotificationSchema, LIMITS.entries).default([]),
  server: ServerSchema.prefault({}),
  network: z.strictObject({ allow: list(AddressRange, LIMITS.entries).default([]) }).default({ allow: [] }),
});

export type Config = z.output<typeof ConfigFileSchema>;
export type Playbook = z.output<typeof PlaybookSchema>;

/** Which file it is; one that nobody has named need not be there. */
export function configFileOf(env: Environment, path?: string): { file: string; isNamed: boolean } {
  const named = path ?? (env.OVERHAUL_CONFIG?.trim() || undefined);
  return { file: named ?? 'overhaul.yaml', isNamed: named !== undefined };
}

/**
 * The configuration of `path`, else of `OVERHAUL_CONFIG`, else of `./overhaul.yaml`; the defaults when that last one does not exist.
 * Every problem at once, each with its path and, where it has one, its line.
 */
export function loadConfigFile(path: string | undefined, env: Environment): Parsed<Config> {
  const { file, isNamed } = configFileOf(env, path);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const code = fileErrorCode(error);
    if (code === 'ENOENT' && !isNamed) return parseConfig('', file);
    return refused([
      { path: '', problem: `cannot read configuration file ${file} (${code}): check OVERHAUL_CONFIG and the file's permissions` },
    ]);
  }
  return parseConfig(text, file);
}

/** The configuration that `text` holds; `file` is named in the problems. */
export function parseConfig(text: string, file = 'overhaul.yaml'): Parsed<Config> {
  const document = parseYaml(text, file);
  if (!document.ok) return document;
  const { content = {}, located } = document.value;
  const parsed = ConfigFileSchema.safeParse(content);
  const issues = [...(parsed.error?.issues ?? []), ...danglingNames(content), ...hookIssues(content)];
  const told =
    parsed.success && issues.length === 0
      ? { ok: true as const, value: parsed.data }
      : refused(problemsOf(new z.ZodError(issues), ConfigFileSchema));
  const result = withUnits(told, ConfigFileSchema, content);
  return result.ok ? result : refused(located(result.problems));
}

/** Only the names, so that a file with other faults is still checked for dangling ones. */
const NamesSchema = z.object({
  playbooks: z.record(z.string(), z.unknown()).catch({}),
  tickets: z.record(z.string(), z.unknown()).catch({}),
  hooks: z.record(z.string(), z.object({ playbook: z.unknown(), ticket: z.unknown() }).partial().catch({})).catch({}),
});
const AllowSchema = z.object({ allow: z.array(z.unknown()) });

function danglingNames(content: unknown): z.core.$ZodIssue[] {
  const names = NamesSchema.safeParse(content);
  if (!names.success) return [];
  const issues: z.core.$ZodIssue[] = [];
  const check = (name: unknown, kind: 'playbooks' | 'tickets', path: PropertyKey[]) => {
    const known = Object.keys(names.data[kind]);
    if (typeof name !== 'string' || known.includes(name)) return;
    issues.push({
      code: 'custom',
      input: name,
      path,
      message: `"${name}" is not among the ${kind} of this file (${known.join(', ') || 'none'})`,
    });
  };
  for (const [hookName, hook] of Object.entries(names.data.hooks)) {
    const path = ['hooks', hookName, 'playbook'];
    check(hook.playbook, 'playbooks', path);
    const choice = AllowSchema.safeParse(hook.playbook);
    for (const [at, name] of (choice.data?.allow ?? []).entries()) check(name, 'playbooks', [...path, 'allow', at]);
    check(hook.ticket, 'tickets', ['hooks', hookName, 'ticket']);
  }
  return issues;
}

function refused(problems: Problem[]): { ok: false; problems: Problem[] } {
  return { ok: false, problems };
}
