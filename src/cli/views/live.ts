import { spanText } from '../../domain/clock/span.js';
import { nextProgressLine, type PrintedLine } from '../../domain/run/progress-line.js';
import { answerCommand } from '../../runs/question.js';
import { type Invocation, type Output, writeLine } from '../invocation/context.js';
import { type Line, lineWidth, painter, speaksUnicode } from '../terminal/paint.js';
import { safeLine } from '../terminal/text.js';
import { type FrameFacts, progressFrame } from './progress-frame.js';
import { countsText } from './wave-lines.js';

/** Shows one observation after another. */
export interface ProgressView {
  show(facts: FrameFacts): Promise<void>;
  /** Leaves the last picture standing, or takes it away. */
  end(options: { clear: boolean }): Promise<void>;
}

const DEFAULT_COLUMNS = 80;
const TROUBLE_GAP_MS = 30_000;
/** Columns of a log: no line of it is cut. */
const UNBOUNDED = 10_000;

/** One picture that is redrawn where both streams are a terminal, lines elsewhere. Both go to stderr: stdout is for the result. */
export function progressView({ stdout, stderr, env }: Invocation): ProgressView {
  const canRedraw = stderr.isTerminal && stdout.isTerminal && env.TERM !== 'dumb' && !env.CI;
  return canRedraw ? new LiveView(stderr, env) : new LineView(stderr);
}

class LiveView implements ProgressView {
  readonly #output: Output;
  readonly #env: Invocation['env'];
  #drawn: readonly Line[] = [];

  constructor(output: Output, env: Invocation['env']) {
    this.#output = output;
    this.#env = env;
  }

  async show(facts: FrameFacts): Promise<void> {
    const columns = this.#output.columns() ?? DEFAULT_COLUMNS;
    const paint = painter(this.#output, this.#env);
    const frame = progressFrame(facts, { columns, unicode: speaksUnicode(this.#env) });
    // One write, so that no terminal shows half a picture.
    const text = this.#back(columns) + frame.map((line) => `${paint(line)}\x1b[K\n`).join('');
    this.#drawn = frame;
    await this.#output.write(`${text}\x1b[J`);
  }

  async end({ clear }: { clear: boolean }): Promise<void> {
    // The terminal has echoed ^C where the next line begins.
    if (!clear) await this.#output.write('\r\x1b[K');
    else await this.#output.write(`${this.#back(this.#output.columns() ?? DEFAULT_COLUMNS)}\x1b[J`);
    this.#drawn = [];
  }

  /** To the first line of the last picture. A terminal that became narrower has wrapped its lines. */
  #back(columns: number): string {
    const height = this.#drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(lineWidth(line) / columns)), 0);
    return height > 0 ? `\x1b[${height}A\r` : '';
  }
}

class LineView implements ProgressView {
  readonly #output: Output;
  #printed: PrintedLine | undefined;
  #trouble: { text: string; at: number } | undefined;
  #halted: string | undefined;
  #asked: string | undefined;
  readonly #waves = new Map<string, string>();

  constructor(output: Output) {
    this.#output = output;
  }

  async show(facts: FrameFacts): Promise<void> {
    const { workflowId, progress, trouble, halted, now, startedAt } = facts;
    await this.#news(facts);
    if (halted !== this.#halted) {
      this.#halted = halted;
      const text = halted ?? 'no longer halted';
      await writeLine(this.#output, `${new Date(now).toISOString()} ${safeLine(workflowId)}: the ledger is ${text}`);
    }
    const isNews = trouble !== this.#trouble?.text || now - (this.#trouble?.at ?? 0) >= TROUBLE_GAP_MS;
    if (trouble && isNews) {
      this.#trouble = { text: trouble, at: now };
      const age = startedAt === undefined ? '' : ` (${spanText(now - startedAt)} after the start)`;
      await writeLine(this.#output, `${new Date(now).toISOString()} ${safeLine(workflowId)}: ${safeLine(trouble)}${age}`);
    }
    const line = progress && nextProgressLine(this.#printed, progress, now);
    if (!line) return;
    this.#printed = line;
    await writeLine(this.#output, safeLine(line.text));
  }

  /** What happened to waves, and what is asked of people: once each. */
  async #news({ workflowId, waves = [], question, now }: FrameFacts): Promise<void> {
    const say = (text: string): Promise<void> =>
      writeLine(this.#output, `${new Date(now).toISOString()} ${safeLine(workflowId)}: ${safeLine(text)}`);
    for (const { name, status, counts } of waves) {
      if (this.#waves.get(name) === status) continue;
      const isNew = this.#waves.has(name) || status !== 'waiting';
      this.#waves.set(name, status);
      if (isNew) await say(`wave ${name} is ${status}, ${countsText(counts)}`);
    }
    const asked = question && `${question.text}${question.whom ? ` (${question.whom})` : ''}`;
    if (asked === this.#asked) return;
    this.#asked = asked;
    if (!question || asked === undefined) return;
    await say(asked);
    for (const { command, means } of question.answers) await say(`  ${answerCommand(question, command, UNBOUNDED)}   (${means})`);
  }

  async end(): Promise<void> {}
}
