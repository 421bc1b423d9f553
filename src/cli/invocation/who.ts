// Who decides, and why, as every deciding command takes them: refused here in the words of the schema, before anything is asked.
import { WhoSchema } from '../../contracts/messages.js';
import { describeProblems, problemsOf } from '../../contracts/request.js';
import { CommandFailed, EXIT } from './context.js';

export interface Who {
  by?: string | undefined;
  reason?: string | undefined;
}

/** Throws `CommandFailed` with every problem at once. */
export function checkedWho({ by, reason }: { by: string; reason?: string | undefined }): { by: string; reason?: string | undefined } {
  const parsed = WhoSchema.safeParse({ by, reason });
  if (!parsed.success) throw new CommandFailed(EXIT.usage, `${describeProblems(problemsOf(parsed.error))}. Nothing was done.`);
  return { by: parsed.data.by, ...(parsed.data.reason === undefined ? {} : { reason: parsed.data.reason }) };
}
