// A campaign's plan as an operator wrote it: YAML or JSON in a file, with every problem at once and the line that it is in.
import { readFileSync } from 'node:fs';
import { parseWrittenPlan } from '../../contracts/bare-durations.js';
import { parseYaml } from '../../contracts/config/yaml-document.js';
import type { CampaignPlan, CampaignPlanInput } from '../../contracts/plan.js';
import { type Problem, problemLines } from '../../contracts/problems.js';
import { whyNotRead } from '../../domain/basics/file-failure.js';
import { CommandFailed, EXIT, type Invocation } from '../invocation/context.js';
import { counted } from '../terminal/count-text.js';

export interface PlanFile {
  /** As it goes out: as it was written, with who asks. */
  input: CampaignPlanInput;
  plan: CampaignPlan;
}

/** Throws `CommandFailed`. Who asks is the user, unless the file says it: it is part of what is approved. */
export function readPlanFile({ userName }: Pick<Invocation, 'userName'>, path: string): PlanFile {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new CommandFailed(EXIT.usage, `Cannot read the plan ${path}: ${whyNotRead(error)}`);
  }
  const document = parseYaml(text, path);
  if (!document.ok) throw refused(path, document.problems);
  const { content, located } = document.value;
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    throw refused(path, [{ path: '', problem: 'must contain one plan: an object with name, targets and steps' }]);
  const input = { requestedBy: userName, ...content };
  const parsed = parseWrittenPlan(input);
  if (parsed.ok) return { input: input as unknown as CampaignPlanInput, plan: parsed.value };
  throw refused(path, located(parsed.problems));
}

function refused(path: string, problems: readonly Problem[]): CommandFailed {
  return new CommandFailed(
    EXIT.usage,
    [`The plan ${path} has ${counted(problems.length, 'problem')}. Nothing was started.`, ...problemLines(problems)].join('\n'),
  );
}
