import { Argument } from '@commander-js/extra-typings';
import { z } from 'zod';
import { command } from '../../heads.js';
import { EXIT, type Invocation, writeJson } from '../../invocation/context.js';

const NAMES = ['request', 'configuration', 'plan'] as const;

const SCHEMAS: Record<(typeof NAMES)[number], () => Promise<z.ZodType>> = {
  request: async () => (await import('../../../contracts/request.js')).RemediationRequestSchema,
  configuration: async () => (await import('../../../contracts/config/file.js')).ConfigFileSchema,
  plan: async () => (await import('../../../contracts/plan.js')).CampaignPlanSchema,
};

export function schemaCommand(invocation: Invocation) {
  return command('schema')
    .addArgument(new Argument('<name>', 'what to describe').choices(NAMES))
    .action(async (name) => {
      await writeJson(invocation.stdout, await jsonSchema(name));
      invocation.exitCode = EXIT.done;
    });
}

/** As users write it: transformations and defaults are the reader's business. */
async function jsonSchema(name: (typeof NAMES)[number]): Promise<object> {
  return z.toJSONSchema(await SCHEMAS[name](), { io: 'input', unrepresentable: 'any' });
}
