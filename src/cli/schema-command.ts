import { Argument, Command } from '@commander-js/extra-typings';
import { z } from 'zod';
import { CommandFailed, EXIT, type Invocation, writeJson } from './context.js';

const NAMES = ['request', 'configuration', 'plan'] as const;

export function schemaCommand(invocation: Invocation) {
  return new Command('schema')
    .description('print the JSON Schema of a request or of the configuration file')
    .addArgument(new Argument('<name>', 'what to describe').choices(NAMES))
    .action(async (name) => {
      await writeJson(invocation.stdout, await jsonSchema(name));
      invocation.exitCode = EXIT.done;
    });
}

/** As users write it: transformations and defaults are the reader's business. */
async function jsonSchema(name: (typeof NAMES)[number]): Promise<object> {
  if (name === 'plan')
    throw new CommandFailed(EXIT.usage, 'Campaign plans come with a later version: `overhaul schema request` describes a run.');
  const schema =
    name === 'request'
      ? (await import('../schema/request.js')).RemediationRequestSchema
      : (await import('../schema/config-file.js')).ConfigFileSchema;
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
}
