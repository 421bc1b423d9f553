import { EXIT, type ExitCode } from '../invocation/context.js';
import type { Line, Style } from '../terminal/paint.js';
import { safeLine } from '../terminal/text.js';

/** `note`: nothing is wrong, but somebody may want to know. */
export interface Check {
  name: string;
  state: 'ok' | 'note' | 'wrong' | 'unreachable';
  detail: string;
  fix?: string;
}

/** Wrong configuration comes first: what cannot be reached may well follow from it. */
export function exitCodeOfChecks(checks: readonly Check[]): ExitCode {
  if (checks.some(({ state }) => state === 'wrong')) return EXIT.usage;
  return checks.some(({ state }) => state === 'unreachable') ? EXIT.unreachable : EXIT.done;
}

const SIGNS = { ok: ['✓', 'good'], note: ['•', 'soft'], wrong: ['✗', 'bad'], unreachable: ['✗', 'bad'] } as const satisfies Record<
  Check['state'],
  readonly [string, Style]
>;

export function statusLine({ name, state, detail }: Check): Line {
  const [sign, style] = SIGNS[state];
  return [{ text: `${sign} `, style }, { text: name.padEnd(14), style: 'strong' }, { text: safeLine(detail) }];
}

export function fixLine(fix: string): Line {
  return [{ text: `  ${' '.repeat(14)}→ ${safeLine(fix)}`, style: 'soft' }];
}
