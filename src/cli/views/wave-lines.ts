// The waves of a campaign, a line each, as the live picture and `show` have them.
import { type LiveCounts, OUTCOMES } from '../../domain/run/outcome.js';
import type { WaveView } from '../../ledger/reads/campaign-view.js';
import type { Line, Style } from '../terminal/paint.js';
import { fitText, padText, safeLine, textWidth } from '../terminal/text.js';

const WIDEST_NAME = 24;
const WAVES_SHOWN = 9;

/** `canary  succeeded  5/5  5 succeeded`; of many waves those around the one under way. */
export function waveLines(waves: readonly WaveView[], { unicode, width }: { unicode: boolean; width: number }): Line[] {
  const current = Math.max(
    waves.findIndex(({ status }) => LIVE.has(status)),
    0,
  );
  const from = Math.max(0, Math.min(current - 2, waves.length - WAVES_SHOWN));
  const shown = waves.slice(from, from + WAVES_SHOWN);
  const nameWidth = Math.min(
    WIDEST_NAME,
    Math.max(1, Math.floor(width / 3)),
    Math.max(0, ...shown.map(({ name }) => textWidth(safeLine(name)))),
  );
  const statusWidth = Math.max(0, ...shown.map(({ status }) => status.length));
  const hidden = waves.length - shown.length;
  return [
    ...shown.map((wave): Line => {
      const style = waveStyle(wave.status);
      return [
        { text: `${unicode ? SIGNS[style] : LIVE.has(wave.status) ? '>' : ' '} `, style },
        { text: `${padText(fitText(safeLine(wave.name), nameWidth, unicode ? '…' : '.'), nameWidth)}  ` },
        { text: `${padText(wave.status, statusWidth)}  `, style },
        { text: countsText(wave.counts), style: 'soft' },
      ];
    }),
    ...(hidden > 0 ? [[{ text: `  and ${hidden} more waves`, style: 'soft' as const }]] : []),
  ];
}

/** `5/40  4 succeeded, 1 failed, 25 running` */
export function countsText(counts: LiveCounts): string {
  const done = OUTCOMES.reduce((sum, outcome) => sum + counts[outcome], 0);
  const told = [...OUTCOMES, 'running' as const].filter((outcome) => counts[outcome] > 0);
  const words = told.map((outcome) => `${number(counts[outcome])} ${outcome}`).join(', ');
  return `${number(done)}/${number(counts.targeted)}${words === '' ? '' : `  ${words}`}`;
}

/** Of a wave that was rolled back: the remedy may have changed them, and nothing took it back. */
export function notRolledBackText(assets: number): string {
  return `${number(assets)} not rolled back`;
}

/** Those that somebody or something is working on. */
const LIVE: ReadonlySet<string> = new Set(['awaiting-approval', 'running', 'soaking', 'awaiting-decision', 'rolling-back']);

export function waveStyle(status: WaveView['status']): Style {
  switch (status) {
    case 'succeeded':
      return 'good';
    case 'failed':
    case 'rolled-back':
      return 'bad';
    case 'running':
    case 'soaking':
      return 'info';
    case 'waiting':
    case 'skipped':
    case 'empty':
      return 'soft';
    default:
      return 'warn';
  }
}

const SIGNS: Readonly<Record<Style, string>> = { good: '✓', bad: '✗', warn: '!', info: '▸', soft: '·', strong: ' ' };

function number(value: number): string {
  return value.toLocaleString('en-US');
}
