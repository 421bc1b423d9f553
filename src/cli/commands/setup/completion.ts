// `overhaul completion SHELL`: a script for bash, zsh or fish, made from the commands as they are.
import { Argument, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { command } from '../../heads.js';
import { EXIT, type Invocation } from '../../invocation/context.js';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

const HINTS: Record<Shell, string> = {
  bash: '# Load it:  source <(overhaul completion bash)',
  zsh: '# Load it:  source <(overhaul completion zsh)',
  fish: '# Load it:  overhaul completion fish | source',
};

/** `tree` builds the whole program. */
export function completionCommand(invocation: Invocation, tree: () => Promise<CommandUnknownOpts>) {
  return command('completion')
    .addArgument(new Argument('<shell>', 'bash, zsh or fish').choices(SHELLS))
    .action(async (shell) => {
      const words = wordsByPath(await tree());
      await invocation.stdout.write(`${HINTS[shell]}\n${shell === 'fish' ? fishScript(words) : bashScript(words, shell)}`);
      invocation.exitCode = EXIT.done;
    });
}

interface Words {
  commands: string[];
  options: string[];
}

/** By path of a command, such as `qualys scripts`; of the program itself by the empty path. */
function wordsByPath(command: CommandUnknownOpts, path: readonly string[] = []): Map<string, Words> {
  const found = new Map([
    [
      path.join(' '),
      {
        commands: command.commands.map((child) => child.name()),
        options: [
          ...command.options.flatMap(({ long, hidden }) => (long && !hidden ? [long] : [])),
          '--help',
          ...(path.length > 0 ? ['--json'] : []),
        ],
      },
    ],
  ]);
  for (const child of command.commands) for (const [key, words] of wordsByPath(child, [...path, child.name()])) found.set(key, words);
  return found;
}

function bashScript(words: ReadonlyMap<string, Words>, shell: Shell): string {
  const cases = [...words].map(
    ([path, { commands, options }]) => `    '${path}') commands='${commands.join(' ')}'; options='${options.join(' ')}' ;;`,
  );
  return `${shell === 'zsh' ? 'autoload -U +X bashcompinit && bashcompinit\n' : ''}_overhaul() {
  local word="\${COMP_WORDS[COMP_CWORD]}" path='' commands options part
  _overhaul_words ''
  for part in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case " $commands " in
      *" $part "*) path="\${path:+$path }$part"; _overhaul_words "$path" ;;
    esac
  done
  case "$word" in
    -*) COMPREPLY=($(compgen -W "$options" -- "$word")) ;;
    *) COMPREPLY=($(compgen -W "$commands" -- "$word")) ;;
  esac
}
_overhaul_words() {
  case "$1" in
${cases.join('\n')}
  esac
}
complete -o default -F _overhaul overhaul
`;
}

function fishScript(words: ReadonlyMap<string, Words>): string {
  const lines = [...words].flatMap(([path, { commands, options }]) => {
    const at = `__overhaul_at '${path}'`;
    return [
      ...(commands.length > 0 ? [`complete -c overhaul -f -n "${at}" -a '${commands.join(' ')}'`] : []),
      ...options.map((option) => `complete -c overhaul -n "${at}" -l ${option.slice(2)}`),
    ];
  });
  const paths = [...words.keys()].filter((path) => path !== '').map((path) => `'${path}'`);
  return `function __overhaul_at
  set -l known ${paths.join(' ')}
  set -l path ''
  for part in (commandline -opc)[2..-1]
    set -l longer (string trim "$path $part")
    contains -- "$longer" $known; and set path "$longer"
  end
  test "$path" = "$argv[1]"
end
${lines.join('\n')}
`;
}
