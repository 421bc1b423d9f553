import { describeEnvironmentProblems, loadEnvironment, type Settings } from '../../contracts/config/environment.js';
import { CommandFailed, EXIT, type Invocation } from './context.js';

/** The environment's variables. Throws `CommandFailed` with every problem at once, before anything is contacted. */
export function settingsOf({ env }: Invocation): Settings {
  const loaded = loadEnvironment(env);
  if (!loaded.ok) throw new CommandFailed(EXIT.usage, describeEnvironmentProblems(loaded.problems));
  return loaded.value;
}
