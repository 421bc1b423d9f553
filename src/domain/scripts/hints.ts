// What the text of a script lets one expect of its result. Hints, not verdicts: a pattern does not understand a program, and nothing is
// refused because of one. How often they are right: docs/scripts.md.
import { executedText, languageOf, type ScriptLanguage, uncommented } from './language.js';

export const HINTS = ['never-fails', 'changes-host', 'reboots', 'output-unread', 'over-failed'] as const;
export type HintKind = (typeof HINTS)[number];

export interface ScriptHint {
  kind: HintKind;
  /** A sentence for people. */
  text: string;
  /** Where it shows, from 1; absent of what shows nowhere. */
  line?: number;
}

export interface HintedScript {
  /** Decoded. */
  text: string;
  platform: string;
  /** What it is for: a run is a remedy. */
  step: 'assess' | 'remediate' | 'verify' | 'rollback';
  /** Whether a rule of the request reads its output. */
  readsOutput: boolean;
}

export function scriptHints({ text, platform, step, readsOutput }: HintedScript): ScriptHint[] {
  const language = languageOf(text, platform);
  const executed = executedText(text, language);
  const looks = step === 'assess' || step === 'verify';
  const fails = canFail(executed, language) || endsWithStatus(uncommented(text, language), language);
  const reboots = first(executed, REBOOTS);
  const changes = looks ? (first(executed, CHANGES[language]) ?? writesToVariable(executed, language)) : undefined;
  const finds = first(text, FINDINGS);
  return [
    ...(fails || readsOutput ? [] : [{ kind: 'never-fails', text: neverFails(looks) } as const]),
    ...(changes
      ? [{ kind: 'changes-host', text: `it is meant to look, and «${changes.word}» changes the host`, line: changes.line } as const]
      : []),
    ...(reboots
      ? [{ kind: 'reboots', text: `«${reboots.word}» reboots the host: a result may come late or never`, line: reboots.line } as const]
      : []),
    ...(finds && fails && !readsOutput && looks
      ? [
          {
            kind: 'output-unread',
            text: `it prints «${finds.word}», and no rule reads its output (verdict.output)`,
            line: finds.line,
          } as const,
        ]
      : []),
  ];
}

function neverFails(looks: boolean): string {
  const consequence = looks ? 'every host would look compliant' : 'every host would look remedied';
  return `no path of it exits with another code than 0, and no rule reads its output (verdict.output): ${consequence}`;
}

/** Whether something in it makes the exit code other than 0 on purpose. What only goes wrong, such as a missing module, does not count. */
function canFail(executed: string, language: ScriptLanguage): boolean {
  return FAILS[language].test(executed);
}

/** A shell script ends with the status of its last command: not with that of one which only says something. */
function endsWithStatus(uncommentedText: string, language: ScriptLanguage): boolean {
  const last = lastLine(uncommentedText);
  return (
    language === 'shell' && last !== '' && !/^(?:exit 0|exit|fi|done|esac|}|;;|.*\|\| *true|(?:echo|printf)\b[^;&|]*)\s*;?$/.test(last)
  );
}

/** `conf=/etc/app.conf` and, behind it, `… > $conf`: which file a variable stands for is told by its assignment. */
function writesToVariable(executed: string, language: ScriptLanguage): { word: string; line: number } | undefined {
  if (language !== 'shell') return undefined;
  const files = new Set([...executed.matchAll(ASSIGNED_FILE)].map(([, name]) => name));
  for (const { 0: word, 1: name, index } of executed.matchAll(WRITES_TO)) if (files.has(name)) return shown(executed, word, index);
  return undefined;
}

const ASSIGNED_FILE = /^[ \t]*(?:export[ \t]+|local[ \t]+)?(\w+)=["']?\/(?!dev\/|tmp\/|var\/tmp\/)\w/gm;
const WRITES_TO = /(?:>>?\s*|\btee\s+(?:-a\s+)?)["']?\$\{?(\w+)/g;

/** A code that is no literal 0 may be one. */
const FAILS: Record<ScriptLanguage, RegExp> = {
  powershell:
    /\b(?:exit\s*\(?\s*(?:-?[1-9]|\$)|\[(?:system\.)?environment\]::exit\(\s*(?!0\s*\))|setshouldexit\(\s*(?!0\s*\))|throw\b|\$erroractionpreference\s*=\s*["']?stop)/i,
  shell: /\b(?:exit\s+(?:[1-9]|"?\$)|return\s+[1-9][\s\S]*\bexit\b)|^\s*set\s+-\w*e/m,
  python: /\b(?:sys\.exit|exit|quit|os\._exit)\(\s*(?!0?\s*\))|^\s*raise\b/m,
  vbscript: /\bwscript\.quit\s*\(?\s*(?!0\b)[\w-]/i,
  perl: /\b(?:exit\s*\(?\s*(?:[1-9]|\$)|die\b)/,
  lua: /\bos\.exit\(\s*(?!0\s*\)|true\s*\)|\))|\berror\(/,
};

const REBOOTS =
  /\b(?:restart-computer\b|shutdown(?:\.exe)?\s+(?:\/|-)r\b|systemctl\s+reboot\b|init\s+6\b|win32shutdown\b)|^\s*(?:sudo\s+)?reboot\b|(?<=[;&|]\s*)reboot\b/im;

const WINDOWS_TOOLS = String.raw`\b(?:reg(?:\.exe)?\s+(?:add|delete|import)|net\s+accounts\s+\/|net\s+user\s+\S+\s+\S|secedit(?:\.exe)?\s+\/configure|msiexec|netsh\s[^\n]*\b(?:set|add|delete)|sc(?:\.exe)?\s+(?:config|stop|start|delete)|dism(?:\.exe)?\s[^\n]*\/(?:enable|disable|remove|add)|bcdedit\s+\/set|wusa(?:\.exe)?|gpupdate|auditpol\s+\/set|icacls\s[^\n]*\/(?:grant|deny|remove)|takeown)`;

/** What these verbs are said of when they change the script's own session, or look. */
const HARMLESS =
  '(?:object|variable|location|timespan|strictmode|psdebug|alias|member|type|pssession|cimsession|guid|sleep|job|transcript|host|psbreakpoint)\\b';

const CHANGES: Record<ScriptLanguage, RegExp> = {
  powershell: new RegExp(
    String.raw`\b(?:(?:set|new|add|remove|clear|rename|copy|move|enable|disable|start|stop|restart|suspend|install|uninstall|register|unregister|grant|revoke)-(?!${HARMLESS})\w+|out-file|invoke-webrequest[^\n]*-outfile|downloadfile\()|\.(?:uninstall|setvalue|stopservice|changestartmode)\(|${WINDOWS_TOOLS}`,
    'i',
  ),
  shell:
    /\b(?:sed\s+-\w*i|rm\s+-?\w|mv\s+\S|chmod\s+\S|chown\s+\S|useradd|usermod|userdel|chage\s+-[^l]|passwd\s+-|systemctl\s+(?:start|stop|restart|enable|disable|mask)|service\s+\S+\s+(?:start|stop|restart)|(?:yum|dnf|apt|apt-get|zypper)\s+(?:-\w+\s+)*(?:install|remove|update|upgrade|erase)|rpm\s+-\w*[iUe]\b|dpkg\s+-[ir]|iptables\s+-[AID]|sysctl\s+-w|crontab\s+-|authconfig|pam-auth-update|kill\s+-?\w|tee\s+(?:-a\s+)?["']?\/(?!dev\/|tmp\/|var\/tmp\/))|>>?\s*["']?\/(?!dev\/|tmp\/|var\/tmp\/)/m,
  python:
    /\bopen\([^)\n]*,\s*["'][wax]|\bos\.(?:remove|rename|chmod|chown|unlink|kill)\b|\bshutil\.(?:copy|move|rmtree)|\bwinreg\.(?:Set|Create|Delete)|\b(?:pip|apt|yum|dnf)\s+install/,
  vbscript: new RegExp(
    String.raw`\b(?:regwrite|regdelete|deletefile|deletefolder|createtextfile|copyfile|movefile)\b|${WINDOWS_TOOLS}`,
    'i',
  ),
  perl: /\bunlink\b|\bopen\s*\(?[^;\n]*,\s*['"]>{1,2}|\b(?:rename|chmod|chown|rmdir)\b/,
  lua: /\bio\.open\([^)\n]*,\s*["'][wa]|\bos\.(?:remove|rename)\b/,
};

/** What a finding is called. */
const FINDINGS = /\b(?:not\s+compliant|non-?compliant|is\s+vulnerable|vulnerable|not\s+installed|not\s+configured|not\s+enabled)\b/i;

function first(text: string, pattern: RegExp): { word: string; line: number } | undefined {
  const found = pattern.exec(text);
  if (!found) return undefined;
  return shown(text, found[0], found.index);
}

function shown(text: string, word: string, index: number): { word: string; line: number } {
  return { word: word.trim().replace(/\s+/g, ' ').slice(0, 40), line: text.slice(0, index).split('\n').length };
}

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1)?.trim() ?? '';
}
